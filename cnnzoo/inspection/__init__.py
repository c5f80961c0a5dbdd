"""Looking into any Keras model.

Functions are named after what they give; the modules that hold them are named otherwise, because an
imported module would take the place of a function of its name.
"""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(
    __name__,
    {
        "capsule_reconstructions": "cnnzoo.inspection.capsules",
        "deconvolve": "cnnzoo.inspection.deconvolution",
        "deep_dream": "cnnzoo.inspection.dreaming",
        "describe": "cnnzoo.inspection.cost",
        "draw_capsule_reconstructions": "cnnzoo.inspection.drawing_capsules",
        "draw_explanations": "cnnzoo.inspection.drawing_inputs",
        "draw_feature_maps": "cnnzoo.inspection.drawing_layers",
        "draw_filter_spectra": "cnnzoo.inspection.drawing_sounds",
        "draw_filters": "cnnzoo.inspection.drawing_layers",
        "draw_layer_statistics": "cnnzoo.inspection.drawing_statistics",
        "draw_nearest_examples": "cnnzoo.inspection.drawing_inputs",
        "draw_ngrams": "cnnzoo.inspection.drawing_texts",
        "draw_sound_maps": "cnnzoo.inspection.drawing_sounds",
        "draw_sounds": "cnnzoo.inspection.drawing_sounds",
        "draw_units": "cnnzoo.inspection.drawing_layers",
        "draw_weight_histograms": "cnnzoo.inspection.drawing_statistics",
        "draw_word_attributions": "cnnzoo.inspection.drawing_texts",
        "feature_maps": "cnnzoo.inspection.maps",
        "filter_spectra": "cnnzoo.inspection.spectra",
        "filters": "cnnzoo.inspection.kernels",
        "grad_cam": "cnnzoo.inspection.cams",
        "grad_cam_plus_plus": "cnnzoo.inspection.cams",
        "integrated_gradients": "cnnzoo.inspection.sensitivity",
        "largest_receptive_field": "cnnzoo.inspection.cost",
        "layer_costs": "cnnzoo.inspection.cost",
        "layer_statistics": "cnnzoo.inspection.statistics",
        "maximise": "cnnzoo.inspection.ascent",
        "multiply_adds": "cnnzoo.inspection.cost",
        "nearest_examples": "cnnzoo.inspection.nearest",
        "ngrams": "cnnzoo.inspection.ngram_search",
        "occlusion": "cnnzoo.inspection.covering",
        "saliency": "cnnzoo.inspection.sensitivity",
        "weight_histograms": "cnnzoo.inspection.statistics",
        "word_attributions": "cnnzoo.inspection.attribution",
        "word_attributions_html": "cnnzoo.inspection.drawing_texts",
    },
)


def __dir__() -> list[str]:
    return [*globals(), *__all__]

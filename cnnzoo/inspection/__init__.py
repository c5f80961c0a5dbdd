"""Looking into any Keras model.

Modules have other names than functions, because an imported module would shadow a function of its
name.
"""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(
    __name__,
    {
        "capsule_reconstructions": "cnnzoo.inspection.capsules",
        "deconvolve": "cnnzoo.inspection.gradients",
        "deep_dream": "cnnzoo.inspection.activation_maximization",
        "describe": "cnnzoo.inspection.cost",
        "draw_architecture": "cnnzoo.inspection.plots.architecture",
        "draw_capsule_reconstructions": "cnnzoo.inspection.plots.layers",
        "draw_explanations": "cnnzoo.inspection.plots.inputs",
        "draw_feature_maps": "cnnzoo.inspection.plots.layers",
        "draw_filter_spectra": "cnnzoo.inspection.plots.sounds",
        "draw_filters": "cnnzoo.inspection.plots.layers",
        "draw_layer_statistics": "cnnzoo.inspection.plots.statistics",
        "draw_nearest_examples": "cnnzoo.inspection.plots.inputs",
        "draw_ngrams": "cnnzoo.inspection.plots.texts",
        "draw_randomization": "cnnzoo.inspection.plots.inputs",
        "draw_sound_maps": "cnnzoo.inspection.plots.sounds",
        "draw_sounds": "cnnzoo.inspection.plots.sounds",
        "draw_units": "cnnzoo.inspection.plots.layers",
        "draw_weight_histograms": "cnnzoo.inspection.plots.statistics",
        "draw_word_attributions": "cnnzoo.inspection.plots.texts",
        "feature_maps": "cnnzoo.inspection.activations",
        "filter_spectra": "cnnzoo.inspection.kernels",
        "filters": "cnnzoo.inspection.kernels",
        "grad_cam": "cnnzoo.inspection.cams",
        "grad_cam_plus_plus": "cnnzoo.inspection.cams",
        "integrated_gradients": "cnnzoo.inspection.gradients",
        "largest_receptive_field": "cnnzoo.inspection.cost",
        "layer_costs": "cnnzoo.inspection.cost",
        "layer_statistics": "cnnzoo.inspection.statistics",
        "maximise": "cnnzoo.inspection.activation_maximization",
        "maximize": "cnnzoo.inspection.activation_maximization",
        "multiply_adds": "cnnzoo.inspection.cost",
        "nearest_examples": "cnnzoo.inspection.strongest",
        "ngrams": "cnnzoo.inspection.strongest",
        "occlusion": "cnnzoo.inspection.occlusion_maps",
        "randomization_test": "cnnzoo.inspection.randomization",
        "rank_correlation": "cnnzoo.inspection.similarity",
        "saliency": "cnnzoo.inspection.gradients",
        "structural_similarity": "cnnzoo.inspection.similarity",
        "weight_histograms": "cnnzoo.inspection.statistics",
        "word_attributions": "cnnzoo.inspection.word_attribution",
        "word_attributions_html": "cnnzoo.inspection.plots.texts",
    },
)


def __dir__() -> list[str]:
    return [*globals(), *__all__]

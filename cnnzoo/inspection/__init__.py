"""Looking into any Keras model.

Functions are named after what they give; the modules that hold them are named otherwise, because an
imported module would take the place of a function of its name.
"""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(
    __name__,
    {
        "deconvolve": "cnnzoo.inspection.deconvolution",
        "deep_dream": "cnnzoo.inspection.dreaming",
        "describe": "cnnzoo.inspection.cost",
        "draw_explanations": "cnnzoo.inspection.drawing_inputs",
        "draw_feature_maps": "cnnzoo.inspection.drawing_layers",
        "draw_filters": "cnnzoo.inspection.drawing_layers",
        "draw_layer_statistics": "cnnzoo.inspection.drawing_statistics",
        "draw_nearest_examples": "cnnzoo.inspection.drawing_inputs",
        "draw_units": "cnnzoo.inspection.drawing_layers",
        "draw_weight_histograms": "cnnzoo.inspection.drawing_statistics",
        "feature_maps": "cnnzoo.inspection.maps",
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
        "occlusion": "cnnzoo.inspection.covering",
        "saliency": "cnnzoo.inspection.sensitivity",
        "weight_histograms": "cnnzoo.inspection.statistics",
    },
)


def __dir__() -> list[str]:
    return [*globals(), *__all__]

"""Looking into any Keras model."""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(
    __name__,
    {
        "capsule_reconstructions": "cnnzoo.inspection.capsules",
        "draw_capsule_reconstructions": "cnnzoo.inspection.drawing_capsules",
        "draw_filter_spectra": "cnnzoo.inspection.drawing_sounds",
        "draw_layer_statistics": "cnnzoo.inspection.drawing_statistics",
        "draw_ngrams": "cnnzoo.inspection.drawing_texts",
        "draw_sound_maps": "cnnzoo.inspection.drawing_sounds",
        "draw_sounds": "cnnzoo.inspection.drawing_sounds",
        "draw_weight_histograms": "cnnzoo.inspection.drawing_statistics",
        "draw_word_attributions": "cnnzoo.inspection.drawing_texts",
        "feature_maps": "cnnzoo.inspection.maps",
        "filter_spectra": "cnnzoo.inspection.spectra",
        "layer_statistics": "cnnzoo.inspection.statistics",
        "ngrams": "cnnzoo.inspection.ngram_search",
        "weight_histograms": "cnnzoo.inspection.statistics",
        "word_attributions": "cnnzoo.inspection.attribution",
        "word_attributions_html": "cnnzoo.inspection.drawing_texts",
    },
)


def __dir__() -> list[str]:
    return [*globals(), *__all__]

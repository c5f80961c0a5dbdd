"""How good a trained network is, where it errs, and the ledger of what was measured."""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(
    __name__,
    {
        "calibration": "cnnzoo.evaluation.predictions",
        "confusion_matrix": "cnnzoo.evaluation.predictions",
        "corrupt": "cnnzoo.evaluation.corruptions",
        "corruptions_for": "cnnzoo.evaluation.corruptions",
        "draw_calibration": "cnnzoo.evaluation.plots",
        "draw_confusion": "cnnzoo.evaluation.plots",
        "draw_corrupted": "cnnzoo.evaluation.robustness_plot",
        "draw_mistakes": "cnnzoo.evaluation.plots",
        "draw_per_class": "cnnzoo.evaluation.plots",
        "draw_ranking": "cnnzoo.evaluation.plots",
        "evaluate": "cnnzoo.evaluation.metrics",
        "mistakes": "cnnzoo.evaluation.predictions",
        "per_class": "cnnzoo.evaluation.predictions",
        "ranking": "cnnzoo.evaluation.predictions",
        "score": "cnnzoo.evaluation.metrics",
    },
)

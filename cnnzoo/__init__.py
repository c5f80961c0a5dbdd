"""A zoo of small convolutional networks for images and text, in Keras 3.

Names load when they are first used: `import cnnzoo` itself imports neither Keras nor TensorFlow.
"""

import os

from cnnzoo import moved
from cnnzoo.lazy import exports

# TensorFlow leaves oneDNN off on processors without AVX-512; LeNet-5 trains three times faster
# with it on. TensorFlow reads this once, when it is imported.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Nor can its messages, of which one asks for nothing, be stopped later.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

moved.install()

__getattr__, __all__ = exports(
    __name__,
    {
        "__version__": "cnnzoo.version",
        "CnnzooError": "cnnzoo.errors",
        "Recipe": "cnnzoo.config.recipe",
        "audit": "cnnzoo.audit",
        "compare": "cnnzoo.training.comparison",
        "create_model": "cnnzoo.models",
        "eval_batches": "cnnzoo.pipelines.fit_batches",
        "evaluate": "cnnzoo.evaluation.metrics",
        "export": "cnnzoo.export",
        "features": "cnnzoo.transfer",
        "find_learning_rate": "cnnzoo.training.learning_rate_finder",
        "freeze": "cnnzoo.transfer",
        "from_examples": "cnnzoo.pipelines.custom_data.in_memory",
        "from_tf_data": "cnnzoo.pipelines.custom_data.tf_data",
        "get_recipe": "cnnzoo.config.recipe",
        "list_datasets": "cnnzoo.datasets",
        "list_models": "cnnzoo.models",
        "list_recipes": "cnnzoo.config.recipe",
        "list_weights": "cnnzoo.weights",
        "load": "cnnzoo.export.artifact",
        "load_dataset": "cnnzoo.datasets",
        "preprocessing_of": "cnnzoo.transfer",
        "push": "cnnzoo.export.pushing",
        "train": "cnnzoo.training.run",
        "train_batches": "cnnzoo.pipelines.fit_batches",
    },
)


def __dir__() -> list[str]:
    return [*globals(), *__all__]

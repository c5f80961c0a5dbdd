"""A network over tokens that refuses numbers which are not integers."""

from __future__ import annotations

from typing import Any

import keras

from cnnzoo.errors import CnnzooError


@keras.saving.register_keras_serializable("cnnzoo")
class TextModel(keras.Model):
    """A functional model over tokens, integers `[batch, length]`.

    Keras casts what a model is called with to the type of its input and would read 1.9 as token 1.
    """

    def __call__(self, tokens: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the logits of `tokens`.

        Raises:
            CnnzooError: The tokens are not integers.
        """
        for tensor in keras.tree.flatten(tokens):
            dtype = getattr(tensor, "dtype", "int32")
            if "int" not in str(dtype):
                raise CnnzooError(f"tokens must be integers; got {getattr(dtype, 'name', dtype)}")
        return super().__call__(tokens, *args, **kwargs)

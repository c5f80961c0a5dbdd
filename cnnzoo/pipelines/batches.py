"""Examples to batches, in an order that can be recomputed."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from cnnzoo.datasets import Examples
from cnnzoo.datasets.encoded import ALIGNMENT, EncodedImages
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import Augmentation
from cnnzoo.pipelines.augmentation.policies import by_image, leading_crop

# Streams of random numbers, apart for the same seed and epoch; 1 is also that of text batches.
_ORDER, _AUGMENTATION, _CLASSES = 0, 1, 2


def train_batches(
    examples: Examples,
    *,
    batch_size: int,
    seed: int,
    chosen: np.ndarray | None = None,
    augmentation: Augmentation | None = None,
    num_classes: int | None = None,
    balanced: bool = False,
    targets: np.ndarray | None = None,
    start_step: int = 0,
    rows: slice = slice(None),
) -> tf.data.Dataset:
    """Return shuffled, augmented batches without end, epoch after epoch.

    An epoch has `len(chosen) // batch_size` batches; its last few examples are dropped, others each
    time. Order depends on (seed, epoch) and augmentation on (seed, epoch, place in `chosen`) alone;
    where classes are balanced, on the place in the epoch instead, since examples recur.

    Args:
        examples: Raw examples, which stay as they are, in memory or on disk.
        batch_size: Examples a batch.
        seed: Selects order and augmentation.
        chosen: Indices of the examples to use, int `[chosen]`; by default all.
        augmentation: Layer that changes the images, if any.
        num_classes: Classes; needed if the layer has `soft_labels`, else unused.
        balanced: Whether each class is drawn equally often; see `example_order`.
        targets: What to yield instead of the labels, `[examples, ...]`; for an augmentation without
            `soft_labels`.
        start_step: First batch to yield, counted over all epochs.
        rows: Of each batch, which are read; encoded images of the others, which are those of other
            machines, stay zero unless the layer needs the whole batch.

    Returns:
        Pairs of images `[batch_size, height, width, channels]`, of the dtype of `examples`, and
        labels int64 `[batch_size]`, or float32 `[batch_size, num_classes]` that sum to 1 if the
        layer mixes them.

    Raises:
        CnnzooError: There are fewer examples than `batch_size`, or the augmentation does not fit.
    """
    if augmentation is not None:
        _check(augmentation, np.ndim(examples[0]), num_classes)
    chosen = np.arange(len(examples.labels)) if chosen is None else chosen
    count, places = len(chosen), tf.constant(chosen)
    steps = steps_per_epoch(count, batch_size)
    yielded = examples if targets is None else examples._replace(labels=targets)
    take = gather_by_index(yielded, rows if by_image(augmentation) else slice(None))
    encoded = isinstance(examples.inputs, EncodedImages)
    crop, rest = leading_crop(augmentation) if encoded else (None, augmentation)
    used = 0 if crop is None else crop.noise_size
    order = example_order(np.asarray(examples.labels)[chosen], seed, balanced)

    @tf.autograph.experimental.do_not_convert
    def batches_of(epoch: tf.Tensor) -> tf.data.Dataset:
        indices = tf.reshape(order(epoch)[: steps * batch_size], [steps, batch_size])
        done = tf.where(epoch == start_step // steps, np.int64(start_step % steps), np.int64(0))
        parts = [indices]
        if augmentation is not None:
            noise = _noise(augmentation, seed, epoch, count)
            draws = tf.reshape(tf.range(steps * batch_size), [steps, batch_size])
            parts.append(tf.gather(noise, draws if balanced else indices))
        return tf.data.Dataset.from_tensor_slices(tuple(parts)).skip(done)

    @tf.autograph.experimental.do_not_convert  # Reading the layers' source would take seconds.
    def batch(indices: tf.Tensor, *noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        boxes = None if crop is None else crop.crops(noise[0][:, :used])
        inputs, labels = take(tf.gather(places, indices), boxes)
        if rest is None:
            return inputs, labels
        if rest.soft_labels:
            labels = tf.one_hot(labels, num_classes)
        return rest.mix(inputs, labels, noise[0][:, used:])

    epochs = tf.data.Dataset.counter(start_step // steps)
    return as_written(epochs.flat_map(batches_of).map(batch, num_parallel_calls=2).prefetch(4))


def _noise(augmentation: Augmentation, seed: int, epoch: tf.Tensor, count: int) -> tf.Tensor:
    """Return the epoch's noise, float32 `[count, noise_size]`."""
    shape = [count, augmentation.noise_size]
    noise = uniform((seed, _AUGMENTATION), epoch, shape)
    if not augmentation.alternating:
        return noise
    columns = tf.reduce_any(
        tf.range(shape[1])[:, None] == tf.constant(augmentation.alternating), axis=1
    )
    first = uniform((seed, _AUGMENTATION), tf.zeros_like(epoch), shape)
    moved = (first + 0.5 * tf.cast(epoch % 2, tf.float32)) % 1.0
    return tf.where(columns, moved, noise)


def _check(augmentation: Augmentation, rank: int, num_classes: int | None) -> None:
    if rank != 4:
        raise CnnzooError(
            f"augmentation must be none where examples are no images; got {augmentation.name!r} "
            f"for examples of {rank} axes"
        )
    if augmentation.soft_labels and not num_classes:
        raise CnnzooError(
            "num_classes must be a number of classes for an augmentation that mixes labels; "
            f"got {num_classes!r}"
        )


def uniform(stream: tuple[int, int], epoch: tf.Tensor, shape: list[int]) -> tf.Tensor:
    """Return uniform numbers from 0 to 1 that depend on stream (seed, purpose) and epoch alone."""
    key = tf.random.experimental.stateless_fold_in(list(stream), epoch)
    return tf.random.stateless_uniform(shape, key)


def shuffled(count: int, stream: tuple[int, int], epoch: tf.Tensor) -> tf.Tensor:
    """Return 0 to `count` - 1 in an order that depends on stream and epoch alone."""
    return tf.argsort(uniform(stream, epoch, [count]), stable=True)


def example_order(
    labels: np.ndarray, seed: int, balanced: bool = False
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return the function from an epoch to its order of examples, int32 `[examples]`.

    Args:
        labels: int `[examples]`, of the training examples.
        seed: Selects the order.
        balanced: Whether all classes are drawn equally often, to within one example: those of a
            small class several times, equally often to within once, of a large one a part, which
            is another in each epoch.
    """
    count = len(labels)
    if not balanced:
        return lambda epoch: shuffled(count, (seed, _ORDER), epoch)
    _, classes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    rank, drawn = np.divmod(np.arange(count), len(sizes))
    places = (np.cumsum(sizes) - sizes)[drawn] + rank % sizes[drawn]

    def order(epoch: tf.Tensor) -> tf.Tensor:
        mixed = shuffled(count, (seed, _ORDER), epoch)
        by_class = tf.gather(mixed, tf.argsort(tf.gather(classes, mixed), stable=True))
        return tf.gather(tf.gather(by_class, places), shuffled(count, (seed, _CLASSES), epoch))

    return order


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Return the number of whole batches in `count` training examples.

    Raises:
        CnnzooError: No batch is full.
    """
    if not 1 <= batch_size <= count:
        raise CnnzooError(
            f"batch_size must be from 1 to the {count} training examples; got {batch_size}"
        )
    return count // batch_size


def eval_batches(
    examples: Examples, *, batch_size: int, chosen: np.ndarray | None = None
) -> tf.data.Dataset:
    """Return every example, or the `chosen` ones, once, in order; the last batch may be short."""
    chosen = np.arange(len(examples.labels)) if chosen is None else chosen
    indices = tf.data.Dataset.from_tensor_slices(chosen).batch(batch_size)
    gather = tf.autograph.experimental.do_not_convert(gather_by_index(examples))
    return as_written(indices.map(gather, num_parallel_calls=2).prefetch(2))


def gather_by_index(
    examples: Examples, rows: slice = slice(None)
) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    """Return the function from indices to the inputs and labels that stand there.

    Memory is shared with TensorFlow, not copied, where its address suits; of encoded images, only
    what is requested is read, with the crops that may be handed in as a second argument, and of
    these only `rows`.
    """
    labels = tf.constant(examples.labels)
    stored = examples.inputs
    if not isinstance(stored, EncodedImages):
        inputs = _tensor(stored)
        return lambda indices, _=None: (tf.gather(inputs, indices), tf.gather(labels, indices))

    def read(indices: tf.Tensor, boxes: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        given = [indices] if boxes is None else [indices, boxes]
        crops = functools.partial(stored.crops, rows=rows)
        images = tf.numpy_function(crops, given, stored.dtype, stateful=False)
        images = tf.ensure_shape(images, [*indices.shape, *stored.shape[1:]])
        return images, tf.gather(labels, indices)

    return read


def _tensor(array: np.ndarray) -> tf.Tensor:
    """Return a tensor in the memory of `array` where that is possible, or else in a copy."""
    flags = array.flags
    fits = array.size and not array.dtype.hasobject and flags.c_contiguous and flags.writeable
    if fits and array.ctypes.data % ALIGNMENT == 0:
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.constant(array)


def as_written(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Return `batches` without what tf.data does to them by default.

    Its tuner's thread can hold up the end by 10 seconds; its rewriting copies what the functions
    hold, such as all images.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return batches.with_options(options)

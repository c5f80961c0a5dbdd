"""Classic kernels, `[3, 3]`, as they were set by hand before networks learned theirs.

`convolve` takes one as `kernel[:, :, np.newaxis, np.newaxis]`: one channel, one filter.

Source: Gonzalez and Woods, Digital Image Processing, chapter 3. Sobel's response is positive where
the image grows brighter to the right (`sobel_x`) or downwards (`sobel_y`).
"""

from __future__ import annotations

import numpy as np

from cnnzoo.registry import Registry

KERNELS: Registry[np.ndarray] = Registry("kernel")

for _name, _rows, _divisor in (
    ("identity", [[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1),
    ("box_blur", [[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9),
    ("gaussian_blur", [[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
    ("sharpen", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
    ("sobel_x", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 1),
    ("sobel_y", [[-1, -2, -1], [0, 0, 0], [1, 2, 1]], 1),
    ("laplacian", [[0, 1, 0], [1, -4, 1], [0, 1, 0]], 1),
    ("high_pass", [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], 1),
    ("emboss", [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], 1),
):
    _kernel = np.array(_rows, float) / _divisor
    _kernel.setflags(write=False)  # They are shared by all who look one up.
    KERNELS.add(_name, _kernel)

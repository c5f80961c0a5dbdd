from PIL import Image

from cnnzoo.plot_style import png
from cnnzoo.training.curves import curves


def test_curves_are_a_picture_of_every_epoch(tmp_path):
    rows = [
        {"epoch": epoch, "loss": 1 / epoch, "accuracy": 0.5, "val_loss": 1, "val_accuracy": 0.4}
        for epoch in (1, 2, 3)
    ]
    path = tmp_path / "curves.png"
    path.write_bytes(png(curves("a_run", rows, chosen=2)))
    picture = Image.open(path)
    assert picture.size == (1_080, 432)
    assert len(picture.convert("RGB").getcolors(maxcolors=100_000)) > 10

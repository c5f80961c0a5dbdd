"""The page: everything is escaped, and nothing is loaded."""

import re

from matplotlib.figure import Figure

from cnnzoo import plot_style
from cnnzoo.report.page import Code, Facts, Picture, Points, Section, Table, Title, page

MARKUP = "<script>alert('x')</script> & \"y\""


@plot_style.style()
def drawn():
    figure = Figure(figsize=(2, 1))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], label=MARKUP)
    axes.text(0, 0, "black", color="black")
    axes.set_title(MARKUP)
    axes.legend()
    return figure


def test_all_text_is_escaped():
    pieces = [
        *(MARKUP, Title(MARKUP), Code(MARKUP), Points([MARKUP])),
        *(Facts([(MARKUP, MARKUP, MARKUP)]), Picture("a", drawn(), MARKUP, MARKUP)),
        *(Table([MARKUP], [[MARKUP]], MARKUP), Table([MARKUP], [[MARKUP]], MARKUP, folded=True)),
    ]
    html = page(MARKUP, MARKUP, Facts([]), [Section("one", MARKUP, pieces)])
    assert "<script" not in html
    assert 'aria-label="&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; &quot;y' in html


def test_ids_of_the_same_picture_twice_are_not_the_same():
    pieces = [Picture(name, drawn(), "", "") for name in ("one", "two")]
    html = page("", "", Facts([]), [Section("s", "", pieces)])
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:href="#|url\(#)([^")]+)', html)
    assert set(used) <= set(ids)


def test_a_picture_takes_the_pages_ink_and_ground_and_is_the_same_each_time():
    one, other = plot_style.svg(drawn(), "a"), plot_style.svg(drawn(), "a")
    assert one == other
    assert one.startswith("<svg ")
    assert one.endswith("</svg>\n")
    assert "currentColor" in one
    assert plot_style.INK not in one
    assert "#ffffff" not in one
    assert "http" not in re.sub(r' xmlns(:\w+)?="[^"]*"', "", one)

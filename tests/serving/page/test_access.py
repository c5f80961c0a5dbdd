"""The page is usable by keyboard, by screen reader, on a phone, and in light and dark."""

import itertools

import pytest
from browsing import TIMEOUT, answers, expect

KINDS = ("drawings", "photographs", "texts", "sounds")
SEEN = {"desktop": {"width": 1280}, "phone": {"width": 360, "height": 740, "has_touch": True}}

# Each element that shows text: its contrast, from the colors that the browser computed.
CONTRASTS = """() => {
    const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const light = () => {
        const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)
            .map(value => value / 255)
            .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const fill = color => {
        context.fillStyle = color;
        context.fillRect(0, 0, 1, 1);
    };
    const lineage = element => element ? [...lineage(element.parentElement), element] : [];
    const texts = element => [...element.childNodes]
        .filter(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    return [...document.body.querySelectorAll("*")]
        .filter(element => element.checkVisibility() && texts(element).length)
        .filter(element => !element.closest(".unseen, noscript, select"))
        .map(element => {
            for (const one of lineage(element)) fill(getComputedStyle(one).backgroundColor);
            const ground = light();
            fill(getComputedStyle(element).color);
            const [dark, bright] = [ground, light()].sort();
            return [element.textContent.trim(), (bright + 0.05) / (dark + 0.05)];
        });
}"""


def answer(page, site, kind):
    """Ask the model for `kind` something, and wait for its answer."""
    page.select_option("#model", getattr(site, kind))
    if kind in ("photographs", "sounds"):
        page.evaluate(GIVE, kind)
    else:
        page.locator("#example-buttons button").nth(0 if kind == "texts" else 7).click()
    expect(page.locator("#result")).to_be_visible(timeout=TIMEOUT)


# Put a picture, or half a second of silence, into the file chooser.
GIVE = """async kind => {
    const canvas = new OffscreenCanvas(60, 40);
    canvas.getContext("2d");
    const picture = await canvas.convertToBlob();
    const header = new DataView(new ArrayBuffer(44));
    [0x52494646, 0x24000000, 0x57415645, 0x666d7420, 0x10000000, 0x01000100, 0x401f0000,
     0x803e0000, 0x02001000, 0x64617461, 0].forEach((word, i) => header.setUint32(4 * i, word));
    const data = new DataTransfer();
    data.items.add(new File([kind === "sounds" ? header : picture], "file"));
    file.files = data.files;
    file.dispatchEvent(new Event("change"));
}"""


def nodes(page):
    """Role and name of all that a screen reader meets."""
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    tree = session.send("Accessibility.getFullAXTree")["nodes"]
    seen = [node for node in tree if not node["ignored"]]
    return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in seen]


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_contrast_and_nothing_is_cut_off(open_page, site, tmp_path, seen, scheme):
    page = open_page(color_scheme=scheme, **SEEN[seen])
    for kind in KINDS:
        answer(page, site, kind)
        page.screenshot(path=tmp_path / f"{kind}.png", full_page=True)
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 20
        assert [(text, ratio) for text, ratio in contrasts if ratio < 4.5] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= SEEN[seen]["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_error_contrasts(open_page, scheme):
    page = open_page(models=[], color_scheme=scheme)
    (ratio,) = [ratio for text, ratio in page.evaluate(CONTRASTS) if text.startswith("No model")]
    assert ratio >= 4.5


def test_long_names_do_not_widen_a_phone(open_page):
    names = [letter * 60 for letter in "ab"]
    card = {
        "task": "text classification",
        "dataset": "sst2" * 20,
        "class_names": names,
        "input": {"shape": []},
    }
    page = open_page(models=[{"name": "n" * 80, "versions": ["1"], "card": card}], width=360)
    prediction = {"scores": [0.5, 0.5], "tokens": ["t" * 90], "heat": [1]}
    page.route("**:predict", lambda route: route.fulfill(json={"predictions": [prediction]}))
    page.fill("#text", "any")
    page.press("#text", "Control+Enter")
    expect(page.locator("#result")).to_be_visible(timeout=TIMEOUT)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_everything_has_a_name(open_page, site):
    page = open_page()
    named = ("button", "combobox", "textbox", "img", "image", "canvas", "region", "table", "link")
    landmarks = {"main", "banner", "contentinfo", "alert", "status", "table", "combobox"}
    for kind in KINDS:
        answer(page, site, kind)
        found = nodes(page)
        assert [(role, name) for role, name in found if role.lower() in named and not name] == []
        roles = [role for role, _ in found]
        assert landmarks <= set(roles)
        assert roles.count("rowheader") == page.locator("#scores tr").count()
    ids = page.locator("[id]").evaluate_all("all => all.map(element => element.id)")
    assert len(set(ids)) == len(ids)


def test_headings_are_in_order(open_page, site):
    page = open_page()
    answer(page, site, "drawings")
    levels = page.locator("h1, h2, h3").evaluate_all(
        "all => all.filter(one => one.checkVisibility()).map(one => Number(one.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_keyboard_alone_is_enough(open_page, site):
    page = open_page()
    focused = []
    for _ in range(30):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => {
                const now = document.activeElement;
                const outlined = getComputedStyle(now.closest("label") ?? now);
                const name = now.ariaLabel || now.labels?.[0]?.innerText || now.innerText;
                return [name, outlined.outlineStyle];
            }"""
        )
        focused.append(name.strip())
        assert outline == "solid", name
        if name == "Draw a 7":
            break
    before = ["Skip to the input", "Model", "Clear", "Undo", "Open image"]
    assert focused == before + [f"Draw a {digit}" for digit in range(8)]
    page.keyboard.press("Enter")
    answers(page, "7")
    page.locator("#model").focus()
    page.keyboard.type(site.texts)
    page.keyboard.press("Tab")
    page.keyboard.type("Dull.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    answers(page, "negative")


def test_the_skip_link_leads_to_the_input(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#clear")).to_be_focused()


def test_controls_are_large_enough_for_a_finger(open_page, site):
    page = open_page(**SEEN["phone"])
    for kind in ("drawings", "texts"):
        page.select_option("#model", getattr(site, kind))
        controls = page.locator("button:visible, select:visible, label.button:visible").all()
        boxes = [control.bounding_box() for control in controls]
        assert len(boxes) >= 3
        assert all(box["height"] >= 44 and box["width"] >= 44 for box in boxes)


@pytest.mark.parametrize(("motion", "duration"), [("reduce", "0s"), ("no-preference", "0.16s")])
def test_bars_glide_only_where_motion_is_welcome(open_page, site, motion, duration):
    page = open_page(reduced_motion=motion)
    answer(page, site, "drawings")
    style = "bar => getComputedStyle(bar).transitionDuration"
    assert page.locator(".bar").first.evaluate(style) == duration

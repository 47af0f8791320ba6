"""Looks at a page in a real browser: `look.py CHROMIUM AXE PAGE FOLDER [PICTURES]`.

Headless Chromium of the system through Playwright (no browser is downloaded). Fails with what is wrong; FOLDER gets the
screenshots. PICTURES are those of the documents: what looks quite different from them is told as broken, and fonts may differ.
"""

import base64
import pathlib
import sys

from playwright.sync_api import sync_playwright

chromium, axe, page_file, folder = sys.argv[1:5]
pictures = pathlib.Path(sys.argv[5]) if len(sys.argv) > 5 else None
folder = pathlib.Path(folder)
url = pathlib.Path(page_file).resolve().as_uri()
wrong = []


def check(what, holds):
    if not holds:
        wrong.append(what)


def watch(page, told):
    page.on("request", lambda request: told.append(f"asked for {request.url}") if request.url != url else None)
    page.on("console", lambda message: told.append(f"console: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: told.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (told.append("a dialog: something was run"), dialog.dismiss()))


def rows(page):
    return page.locator("#list tbody tr:visible").count()


def grey(page, picture):
    """A picture as 48 x 48 levels of grey, scaled by the browser itself."""
    data = base64.b64encode(pathlib.Path(picture).read_bytes()).decode()
    return page.evaluate(
        """async (data) => {
            const image = new Image();
            image.src = "data:image/png;base64," + data;
            await image.decode();
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 48;
            const context = canvas.getContext("2d");
            context.imageSmoothingQuality = "high";
            context.drawImage(image, 0, 0, 48, 48);
            const pixels = context.getImageData(0, 0, 48, 48).data;
            const levels = [];
            for (let at = 0; at < pixels.length; at += 4) levels.push((pixels[at] + pixels[at + 1] + pixels[at + 2]) / 3);
            return levels;
        }""",
        data,
    )


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

    # Without scripts: everything is there, and the filters work.
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1240, "height": 900})
    page = context.new_page()
    told = []
    watch(page, told)
    page.goto(url)
    every = rows(page)
    check("no rows without scripts", every > 3)
    check("the search shows without scripts", not page.locator("#search").is_visible())
    for box, selector in [
        ("#show-history", "[data-state=history]"),
        ("#show-block", "[data-verdict=block][data-state=standing]"),
    ]:
        page.locator(box).uncheck()
        check(f"{box} hides nothing", page.locator(f"#list tr{selector}:visible").count() == 0)
        check(f"{box} had nothing to hide", rows(page) < every)
        page.locator(box).check()
    page.locator("#only-crossing").check()
    check("only-crossing", 0 < rows(page) == page.locator("#list tr[data-crosses]").count())
    page.locator("#only-crossing").uncheck()
    first = page.locator("#list details").first
    first.locator("summary").click()
    check("details do not open without scripts", first.locator("dl").is_visible())
    check(f"without scripts: {told}", not told)
    context.close()

    # With scripts: search and sorting.
    context = browser.new_context(viewport={"width": 1240, "height": 900}, color_scheme="light")
    page = context.new_page()
    told = []
    watch(page, told)
    page.goto(url)
    page.locator("#search").fill("config/staging")
    check("the search finds nothing or all", 0 < rows(page) < every)
    page.locator("#search").fill("no such thing anywhere")
    check("nothing is not told", page.locator(".nothing").is_visible())
    page.locator("#search").fill("")
    age = page.locator("#list thead th", has_text="Age")
    age.locator("button").click()
    days = [int(cell.get_attribute("data-sort")) for cell in page.locator("#list td[data-sort]").all()]
    check("sorting by age", days == sorted(days) and age.get_attribute("aria-sort") == "ascending")
    page.reload()
    page.locator("#search").fill("config/staging")
    check("the search forgets what sorting moved", 0 < rows(page) < every)
    page.locator("#search").fill("")
    check(f"with scripts: {told}", not told)
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=folder / "posture-light.png", full_page=True)
    for width in (1240, 800, 360):
        page.set_viewport_size({"width": width, "height": 800})
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        check(f"the page is {over} wider than a window of {width}", over <= 0)
    page.set_viewport_size({"width": 360, "height": 800})
    page.screenshot(path=folder / "posture-narrow.png", full_page=False)
    boxes = [section.bounding_box() for section in page.locator("section").all()]
    for above, below in zip(boxes, boxes[1:]):
        check("sections overlap", below["y"] >= above["y"] + above["height"] - 1)
    page.set_viewport_size({"width": 1240, "height": 900})
    page.emulate_media(media="print")
    check("filters are printed", not page.locator(".filters").is_visible())
    page.pdf(path=folder / "posture.pdf", print_background=True)
    page.emulate_media(media="screen", color_scheme="dark")
    page.screenshot(path=folder / "posture-dark.png", full_page=True)
    context.close()

    # Accessibility, in both colour schemes. The checker is put in past the page's own policy, which would not run it.
    for scheme in ("light", "dark"):
        context = browser.new_context(bypass_csp=True, color_scheme=scheme, viewport={"width": 1240, "height": 900})
        page = context.new_page()
        page.goto(url)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.add_script_tag(path=axe)
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        for one in found:
            where = [node["target"] for node in one["nodes"][:3]]
            wrong.append(f"axe, {scheme}: {one['id']}: {one['help']}: {where}")
        context.close()

    # Against the pictures of the documents.
    context = browser.new_context()
    page = context.new_page()
    light, dark = (grey(page, folder / f"posture-{scheme}.png") for scheme in ("light", "dark"))
    check("light and dark look alike", sum(light) / len(light) - sum(dark) / len(dark) > 80)
    if pictures:
        for scheme, levels in (("light", light), ("dark", dark)):
            known = grey(page, pictures / f"posture-{scheme}.png")
            off = sum(abs(a - b) for a, b in zip(levels, known)) / len(levels)
            check(f"posture-{scheme}.png looks different from the picture in docs: {off:.1f} of 255", off < 14)
    browser.close()

if wrong:
    print("\n".join(wrong))
    sys.exit(1)
print("looks right")

"""What axe finds that keeps people out of a page.

Most of what axe does is the contrast of texts, and that is the answer to their colours alone: a text whose colours axe
has approved before, on this page or another one, is not measured again.
"""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

CONTRAST = "color-contrast"

# What decides about the contrast of an element's text; null where something else than its ancestors may be behind it.
_COLOURS = """
const coloursOf = (element) => {
  const {color, fontSize, fontWeight, textShadow} = getComputedStyle(element);
  const parts = [color, fontSize, fontWeight, textShadow];
  let isCovered = false;
  for (let at = element; at; at = at.parentElement) {
    const {backgroundColor, backgroundImage, opacity, position} = getComputedStyle(at);
    if (opacity !== "1") parts.push(opacity);
    if (isCovered) continue;
    if (backgroundImage !== "none") parts.push(backgroundImage);
    if (backgroundColor !== "rgba(0, 0, 0, 0)") parts.push(backgroundColor);
    isCovered = backgroundColor.startsWith("rgb(");
    if (!isCovered && !["static", "relative"].includes(position)) return null;
  }
  return parts.join("|");
};"""

_LOOK = f"""async ([rules, known]) => {{
  {_COLOURS}
  const approved = new Set(known), fresh = new Map();
  for (const element of document.body.querySelectorAll("*")) {{
    const isText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!(isText || element.matches("input, select, textarea")) || !element.checkVisibility()) continue;
    const colours = coloursOf(element);
    if (!approved.has(colours)) fresh.set(element, colours);
  }}
  const all = rules.length ? {{runOnly: rules}} : {{rules: {{"{CONTRAST}": {{enabled: false}}}}}};
  const {{violations}} = await axe.run({{...all, resultTypes: ["violations"]}});
  if (!fresh.size) return [violations, []];
  const asked = {{runOnly: ["{CONTRAST}"], resultTypes: ["violations", "passes"], elementRef: true}};
  const texts = await axe.run({{include: [...fresh.keys()]}}, asked);
  const passed = texts.passes.flatMap((each) => each.nodes).map((node) => fresh.get(node.element));
  const broken = texts.violations.map(({{id, nodes}}) => ({{id, nodes: nodes.map(({{html}}) => ({{html}}))}}));
  return [[...violations, ...broken], passed.filter(Boolean)];
}}"""

_approved: set[str] = set()


def barriers(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """One line for each element that breaks a rule. `rules`: these beside the contrast; none: all that axe has."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(Axe().axe_script)
    violations, approved = page.evaluate(_LOOK, [rules, sorted(_approved)])
    _approved.update(approved)
    return [f"{each['id']}: {node['html'][:160]}" for each in violations for node in each["nodes"]]

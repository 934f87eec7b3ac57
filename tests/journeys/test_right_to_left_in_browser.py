"""A sentence with names from right to left is read from left to right, as it is drawn."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from hosts.access import Role
from migrations_app.models import MigrationJob
from tests.journeys.browser import DESK, Desk
from tests.people import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Where each word of an element is drawn, in the order of the text.
WHERE = """(element, words) => {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    for (const word of words) {
      const at = texts.currentNode.data.indexOf(word);
      if (at < 0) continue;
      const range = document.createRange();
      range.setStart(texts.currentNode, at);
      range.setEnd(texts.currentNode, at + word.length);
      found.push([word, range.getBoundingClientRect().left]);
    }
  }
  return found.sort((one, other) => one[1] - other[1]).map((each) => each[0]);
}"""


def test_the_words_around_such_names_keep_their_order(browser: Browser, address: str, job: MigrationJob) -> None:
    names = {"vm_name": "שרת 1", "source_name": "\u202eHV", "target_name": "מארח"}
    MigrationJob.objects.update(status="running", outage_began_at=None, outage_ended_at=None, ended_at=None, **names)
    desk = Desk(browser, address, person("anna", Role.OPERATOR), "light", DESK)

    page = desk.open(f"/jobs/{job.pk}/")
    words = ["is being", "moved", "from", "It keeps", "running"]

    assert page.locator("#job-sentence").evaluate(WHERE, words) == words

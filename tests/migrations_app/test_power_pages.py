"""The verbs of a VM on pages: in order, with reasons, asked about, for one VM and for several, and live."""

from __future__ import annotations

import re

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from hosts.access import Role
from hosts.models import Host, HostGroup, PowerOrder, VirtualMachine
from hosts.providers import PROVIDERS
from migrations_app.frames import list_snapshot
from migrations_app.power import order_power
from migrations_app.power_work import carry_out
from tests.fakes.estate import Estate
from tests.migrations_app.sockets import Socket, browser
from tests.people import person


@pytest.fixture
def powered(estate: Estate) -> Estate:
    """VM1, VM2 and VM3 run on HV01, where a person may start and end them."""
    PROVIDERS["fake"] = "tests.fakes.powering.PoweredFakeProvider"
    return estate


def do(client: Client, verb: str, *pks: int, **fields: str) -> str:
    """What the page says that one is led to."""
    answer = client.post("/vms/power/", {"verb": verb, "vm": pks, **fields}, follow=True)
    return answer.content.decode()


def work() -> None:
    for pk in PowerOrder.objects.filter(state="queued").values_list("pk", flat=True):
        carry_out(pk)


def states() -> dict[str, str]:
    return {vm.name: vm.status for vm in VirtualMachine.objects.select_related("host")}


def test_the_menu_has_the_verbs_in_their_order_with_reasons(powered: Estate, signed_in: Client) -> None:
    text = signed_in.get(f"/vms/{powered.vm('VM1').pk}/menu/").content.decode()
    titles = re.findall(r"</svg>([^<]+)</(?:a|button)>", text)

    assert titles[:7] == ["Migrate…", "Start", "Shut down…", "Save state…", "Turn off…", "Repair…", "View latest job"]
    assert 'title="VM1 runs already."' in text
    assert titles[7] == "Properties"


def test_what_stops_a_vm_asks_first_and_names_it(powered: Estate, signed_in: Client) -> None:
    vm = powered.vm("VM1")

    asked = signed_in.get(f"/vms/power/?verb=shut-down&vm={vm.pk}").content.decode()
    again = do(signed_in, "shut-down", vm.pk)
    assert "Shut down VM1?" in asked
    assert "Shut down VM1?" in again
    assert not PowerOrder.objects.exists()

    told = do(signed_in, "shut-down", vm.pk, sure="yes", back=f"/vms/{vm.pk}/")
    assert "VM1 is being shut down." in told
    assert "Shutting Down…" in told
    work()
    assert states()["VM1"] == "Stopped"


def test_several_are_shut_down_and_started_together_and_each_refusal_is_told(
    powered: Estate, signed_in: Client
) -> None:
    pks = powered.keys("VM1", "VM2", "VM3")
    do(signed_in, "turn-off", pks[0], sure="yes")
    work()

    asked = do(signed_in, "shut-down", *pks)
    do(signed_in, "shut-down", *pks[1:], sure="yes")
    work()
    assert "Shut down 2 virtual machines?" in asked
    assert "VM1 does not run." in asked
    assert set(states().values()) == {"Stopped"}

    do(signed_in, "start", pks[0])
    work()
    told = do(signed_in, "start", *pks)
    assert "2 virtual machines are being started." in told
    assert "VM1 was not started. VM1 runs already." in told
    work()
    assert set(states().values()) == {"Running"}


def test_a_form_that_is_sent_twice_is_one_order(powered: Estate, signed_in: Client) -> None:
    pk = powered.vm("VM1").pk

    do(signed_in, "save", pk, sure="yes")
    told = do(signed_in, "save", pk, sure="yes")

    assert "VM1 is being saved." in told
    assert PowerOrder.objects.count() == 1


@pytest.mark.parametrize(
    ("query", "status"), [("", 400), ("?verb=explode&vm=1", 400), ("?verb=save", 302), ("?verb=save&vm=x", 302)]
)
def test_bad_input_does_nothing(powered: Estate, signed_in: Client, query: str, status: int) -> None:
    assert signed_in.post(f"/vms/power/{query}").status_code == status
    assert signed_in.get(f"/vms/power/{query}").status_code == status
    assert not PowerOrder.objects.exists()


def test_one_is_led_back_to_where_one_was_and_never_elsewhere(powered: Estate, signed_in: Client) -> None:
    sent = {"verb": "save", "vm": powered.vm("VM1").pk, "sure": "yes"}

    assert signed_in.post("/vms/power/", {**sent, "back": "/vms/?q=VM1"})["Location"] == "/vms/?q=VM1"
    assert signed_in.post("/vms/power/", {**sent, "back": "https://evil.example/"})["Location"] == "/vms/"


def test_an_operator_of_other_groups_and_who_only_looks_may_not(powered: Estate, client: Client) -> None:
    vm = powered.vm("VM1")
    other = HostGroup.objects.create(name="Edge", parent=Host.objects.get(name="HV01").group)
    for user in (person("op", Role.OPERATOR, other), person("ma", Role.MANAGER), person("he", Role.HELP_DESK)):
        client.force_login(user)
        assert client.post("/vms/power/", {"verb": "start", "vm": vm.pk}).status_code == 403
        assert client.get(f"/vms/power/?verb=save&vm={vm.pk}").status_code == 403

    assert not PowerOrder.objects.exists()


def test_a_failure_is_told_on_the_page_of_the_vm(powered: Estate, signed_in: Client) -> None:
    vm = powered.vm("VM1")
    order = order_power(vm, PowerOrder.Verb.SAVE, None)
    carry_out(order.pk)
    PowerOrder.objects.update(state="failed", failure="D: of HV01 is full.", action="Free space on the volume.")

    text = signed_in.get(f"/vms/{vm.pk}/").content.decode()

    assert "<strong>Save state:</strong> D: of HV01 is full. Free space on the volume." in text


@pytest.mark.django_db(transaction=True)
async def test_an_order_and_its_end_come_by_the_websocket(powered: Estate) -> None:
    vm = await sync_to_async(powered.vm)("VM1")
    socket = Socket("/ws/jobs/?show=vms", await browser())
    assert await socket.opens()

    order = await sync_to_async(order_power)(vm, PowerOrder.Verb.SAVE, None)
    await socket.shows("Saving…")
    await sync_to_async(carry_out)(order.pk)
    text = await socket.shows("Saved State")
    await socket.ends()

    assert f'id="vm-{vm.pk}-status"' in text
    assert f'hx-get="/vms/{vm.pk}/"' in text


def test_cells_follow_the_vm_after_its_order_and_go_when_it_is_old(powered: Estate) -> None:
    vm = powered.vm("VM1")
    carry_out(order_power(vm, PowerOrder.Verb.SAVE, None).pk)
    saved = list_snapshot(None)
    VirtualMachine.objects.filter(pk=vm.pk).update(state="running")
    running = list_snapshot(saved)
    PowerOrder.objects.update(ended_at="2020-01-01T00:00Z")

    key = f"vm-{vm.pk}-status"
    assert ["Saved State" in saved.parts[key], "Running" in running.parts[key]] == [True, True]
    assert key not in list_snapshot(running).parts


def test_more_than_can_be_ordered_at_once_are_answered_with_a_sentence(powered: Estate, signed_in: Client) -> None:
    vm = powered.vm("VM1")
    VirtualMachine.objects.bulk_create(
        VirtualMachine(host=vm.host, uid=f"uid-{n}", name=f"V{n}", state="off", folder="") for n in range(1001)
    )

    text = do(signed_in, "start", *VirtualMachine.objects.values_list("pk", flat=True))

    assert "Nothing was done: 1,004 virtual machines were chosen, and 1,000 are possible at once." in text
    assert not PowerOrder.objects.exists()

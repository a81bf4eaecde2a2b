"""The dialog takes as many rows as it needs and there are; the lines below the form never leave it."""

from __future__ import annotations

import pytest

from tests.tui.launch_driver import dialog


@pytest.mark.parametrize("count", [24, 25])
async def test_the_keys_at_the_foot_are_seen_where_the_form_just_fits_and_where_it_does_not(count: int) -> None:
    schema = {"type": "object", "properties": {f"field {at}": {"type": "string"} for at in range(count)}}
    async with dialog(schema, size=(120, 36)) as driven:
        await driven.pilot.pause(0.3)
        box, foot = driven.screen.query_one("#launch"), driven.screen.query_one("#launch-hint")
        assert foot.region.bottom < box.region.bottom and "ctrl+r launch" in driven.picture()
        await driven.press("tab")
        assert foot.region.bottom < box.region.bottom and "F12 field menu" in driven.picture()

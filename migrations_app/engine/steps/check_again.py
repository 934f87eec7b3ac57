"""Before anything is made: what the wizard saw may be minutes old."""

from __future__ import annotations

from migrations_app.engine.step import Context, Level, Step, StepRefused


class CheckAgain(Step):
    key = "check-again"
    title = "Check both hosts again"
    phase = "Checking both hosts"

    def run(self, ctx: Context) -> None:
        plan, findings = ctx.plan, ctx.recheck()
        ctx.source_vm()
        if ctx.target.find_vm(plan.vm_uid) is not None:
            raise StepRefused(
                f"{plan.target_name} already has a virtual machine with the id of {plan.vm_name}.",
                "Find out which of the two is the right one, and remove the other.",
            )
        for finding in findings:
            if finding.level is Level.ERROR:
                raise StepRefused(finding.text, finding.action)
            if finding.level is Level.WARNING:
                ctx.progress.say(finding.text)

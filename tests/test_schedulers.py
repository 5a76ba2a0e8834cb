"""Names of schedulers: what users write, and what each program is asked for."""

import pytest

from imagine.stages.errors import UsageError
from imagine.stages.generate.local.schedulers import (
    SchedulerName,
    find_scheduler,
    scheduler_named,
    schedulers,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("euler", "euler"),
        ("Euler a", "euler_a"),
        ("euler_ancestral", "euler_a"),
        ("EULER-A", "euler_a"),
        ("DPM++ 2M Karras", "dpm++_2m_karras"),
        ("dpmpp_2m_karras", "dpm++_2m_karras"),
        ("dpm++2m", "dpm++_2m"),
        ("dpm 2m", "dpm++_2m"),
        ("DPM2", "dpm2"),
        ("dpm_2_ancestral", "dpm2_a"),
        ("DPM++ 2M SDE", "dpm++_2m_sde"),
        ("DPM++ SDE", "dpm++_sde"),
        ("dpm++2mv2", "dpm++_2m_v2"),
        ("PLMS", "pndm"),
        ("uni_pc", "unipc"),
        ("euler trailing", "euler_sgm_uniform"),
        ("EulerDiscreteScheduler", "euler"),
        ("DPMSolverMultistepScheduler", "dpm++_2m"),
        ("FlowMatchEulerDiscreteScheduler", "flow_euler"),
        ("flow-match-heun", "flow_heun"),
    ],
)
def test_a_scheduler_is_found_however_it_is_spelt(text: str, name: str) -> None:
    assert scheduler_named(text).name == name


def test_every_name_finds_itself() -> None:
    assert [scheduler_named(named.name).name for named in schedulers()] == [
        named.name for named in schedulers()
    ]


def test_a_name_says_what_each_program_is_asked_for() -> None:
    assert scheduler_named("dpm++_2m_karras") == SchedulerName(
        name="dpm++_2m_karras",
        diffusers="DPMSolverMultistepScheduler",
        options={
            "algorithm_type": "dpmsolver++",
            "solver_order": 2,
            "use_karras_sigmas": True,
        },
        a1111=("DPM++ 2M", "Karras"),
        comfyui=("dpmpp_2m", "karras"),
        sdcpp=("dpm++2m", "karras"),
    )


def test_a_sampler_without_a_schedule_leaves_it_to_the_program() -> None:
    euler = scheduler_named("euler")
    assert (euler.a1111, euler.comfyui, euler.sdcpp) == (
        ("Euler", "Automatic"),
        ("euler", "normal"),
        ("euler", ""),
    )


@pytest.mark.parametrize(
    ("name", "comfyui", "a1111"),
    [
        ("flow_euler", ("euler", "simple"), ("Euler", "Simple")),
        ("flow_euler_beta", ("euler", "beta"), ("Euler", "Beta")),
        ("ddim", ("ddim", "ddim_uniform"), ("DDIM", "Automatic")),
        # Automatic is Karras' schedule there, and our names mean the same everywhere.
        ("dpm++_2m", ("dpmpp_2m", "normal"), ("DPM++ 2M", "Normal")),
        ("dpm++_2m_sde", ("dpmpp_2m_sde", "normal"), ("DPM++ 2M SDE", "Normal")),
        ("flow_dpm++_2m", ("dpmpp_2m", "simple"), ("DPM++ 2M", "Simple")),
    ],
)
def test_some_samplers_have_a_schedule_of_their_own(
    name: str, comfyui: tuple[str, str], a1111: tuple[str, str]
) -> None:
    named = scheduler_named(name)
    assert (named.comfyui, named.a1111) == (comfyui, a1111)


def test_what_a_program_lacks_is_none() -> None:
    assert scheduler_named("dpm++_2s_a").diffusers is None
    assert scheduler_named("euler_a_karras").diffusers is None
    assert scheduler_named("dpm++_2s").comfyui is None
    assert scheduler_named("euler_beta").sdcpp is None
    assert find_scheduler("tcd_karras") == SchedulerName(
        name="tcd_karras", options={"use_karras_sigmas": True}, a1111=("TCD", "Karras"),
        sdcpp=("tcd", "karras"),
    )  # fmt: skip


def test_a_package_of_its_own_is_named() -> None:
    assert (scheduler_named("lms").needs, scheduler_named("euler_beta").needs) == ("scipy", "scipy")
    assert scheduler_named("euler").needs == ""


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        scheduler_named("eulr_a")
    assert str(caught.value) == (
        "There is no scheduler 'eulr_a'; did you mean 'euler_a'? (known to --scheduler: euler, "
        "euler_a, heun, lms, dpm2, dpm2_a, dpm++_2m, dpm++_2m_v2, dpm++_2m_sde, dpm++_3m_sde, "
        "dpm++_2s, dpm++_2s_a, dpm++_sde, ddim, ddpm, pndm, ipndm, unipc, deis, sa_solver, lcm, "
        "tcd, res_multistep, flow_euler, flow_heun, flow_lcm, flow_dpm++_2m, flow_unipc; most of "
        "them also with _karras, _exponential, _beta, _sgm_uniform, _simple)."
    )
    assert find_scheduler("eulr_a") is None

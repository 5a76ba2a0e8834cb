"""Two bindings of stable-diffusion.cpp as one: files and orders go in, pixels come out.

Runs in the process that draws (see imagine.stages.generate.sdcpp.child). cyllama has wheels; the
other, stable-diffusion-cpp-python, is compiled where it is installed, for graphics cards too.
"""

import ctypes
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from imagine.stages.generate.sdcpp.order import Files, Order

if TYPE_CHECKING:
    from PIL.Image import Image

# The step that was done, and how many there are.
OnStep = Callable[[int, int], None]
# Level (0 debug, 1 information, 2 warning, 3 error) and text.
OnLog = Callable[[int, str], None]

# What both call the types of numbers.
_TYPES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
WARNING, ERROR = 2, 3


class LibraryError(Exception):
    """stable-diffusion.cpp gave up; the message is its own, where it had one."""


class Model(Protocol):
    """A model in memory.

    Attributes:
        version: of the binding: "cyllama 0.2.18".
    """

    version: str

    def draw(
        self, order: Order, picture: "Image | None", mask: "Image | None", on_step: OnStep
    ) -> "Image":
        """An RGB picture; `picture` is RGB and `mask` gray, both of the order's size.

        Raises:
            LibraryError: it gave up.
        """


def load(files: Files, on_log: OnLog) -> Model:
    """A model, loaded with the binding that `files` names.

    Raises:
        LibraryError: it cannot be loaded.
        ImportError: the binding cannot be.
    """
    if files.library == "cyllama":
        return _Cyllama(files, on_log)
    return _StableDiffusionCppPython(files, on_log)


class _Cyllama:
    def __init__(self, files: Files, on_log: OnLog) -> None:
        from importlib.metadata import version

        from cyllama import sd

        self.version = f"cyllama {version('cyllama')}"
        self._sd = sd
        sd.set_log_callback(lambda level, text: on_log(int(level), text))
        params = sd.SDContextParams()
        if files.alone:
            params.diffusion_model_path = files.model
        else:
            params.model_path = files.model
        for part, path in files.parts.items():
            setattr(params, f"{part}_path", path)
        if files.tiny_vae:
            params.taesd_path = files.tiny_vae
        if files.dtype:
            params.wtype = sd.SDType[_TYPES[files.dtype]]
        params.n_threads = files.threads
        params.offload_params_to_cpu = files.offload
        # By default it keeps no encoder for pictures, and frees the weights after one drawing: the
        # second one would read what was freed.
        params.vae_decode_only = False
        params.free_params_immediately = False
        # By default LoRAs are added to the weights and taken away after, which leaves a rest of
        # rounding: the next picture would be another one.
        params.lora_apply_mode = sd.LoraApplyMode.AT_RUNTIME
        try:
            self._context = sd.SDContext(params)
        except (RuntimeError, ValueError, OSError) as error:
            raise LibraryError(str(error)) from error

    def draw(
        self, order: Order, picture: "Image | None", mask: "Image | None", on_step: OnStep
    ) -> "Image":
        sd = self._sd
        sd.set_progress_callback(lambda step, steps, seconds: on_step(step, steps))
        try:
            params = self._params(order)
            if picture is not None:
                params.set_init_image(sd.SDImage.from_pil(picture))
            if mask is not None:
                params.set_mask_image(sd.SDImage.from_pil(mask))
            (drawn,) = self._context.generate_with_params(params)
        except (RuntimeError, ValueError, OSError, KeyError) as error:
            raise LibraryError(str(error)) from error
        image: Image = drawn.to_pil()
        return image.convert("RGB")

    def _params(self, order: Order) -> Any:
        sd = self._sd
        params = sd.SDImageGenParams(
            prompt=order.prompt,
            negative_prompt=order.negative_prompt,
            width=order.width,
            height=order.height,
            seed=order.seed,
            strength=order.strength,
        )
        sample = params.sample_params
        sample.sample_steps = order.steps
        sample.cfg_scale = order.cfg_scale
        sample.distilled_guidance = order.guidance
        if order.method:
            sample.sample_method = _named(sd.SampleMethod, order.method, sd.sample_method_name)
        if order.schedule:
            sample.scheduler = _named(sd.Scheduler, order.schedule, sd.scheduler_name)
        params.sample_params = sample
        if order.loras:
            params.set_loras([{"path": path, "multiplier": weight} for path, weight in order.loras])
        return params


def _named(kind: Any, name: str, name_of: Callable[[Any], str]) -> Any:
    """The member of an enumeration that stable-diffusion.cpp calls so."""
    for member in kind:
        if member.name != "COUNT" and name_of(member) == name:
            return member
    raise LibraryError(f"this version has no '{name}'")


class _StableDiffusionCppPython:
    def __init__(self, files: Files, on_log: OnLog) -> None:
        import stable_diffusion_cpp as sd

        self.version = f"stable-diffusion-cpp-python {sd.__version__}"
        # Kept, since the library calls it as long as it lives.
        self._on_log = sd.sd_log_callback(
            lambda level, text, _: on_log(level, text.decode("utf-8", errors="replace"))
        )
        sd.sd_set_log_callback(self._on_log, ctypes.c_void_p(0))
        place = {"diffusion_model_path" if files.alone else "model_path": files.model}
        parts = {f"{part}_path": path for part, path in files.parts.items()}
        try:
            self._model = sd.StableDiffusion(
                **place,
                **parts,
                taesd_path=files.tiny_vae,
                wtype=_TYPES[files.dtype].lower() if files.dtype else "default",
                n_threads=files.threads,
                offload_params_to_cpu=files.offload,
                # See above.
                lora_apply_mode="at_runtime",
                verbose=False,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise LibraryError(str(error)) from error

    def draw(
        self, order: Order, picture: "Image | None", mask: "Image | None", on_step: OnStep
    ) -> "Image":
        # This binding takes LoRAs by tags in the prompt alone.
        tags = "".join(f"<lora:{path}:{weight}>" for path, weight in order.loras)
        try:
            (drawn,) = self._model.generate_image(
                prompt=order.prompt + tags,
                negative_prompt=order.negative_prompt,
                width=order.width,
                height=order.height,
                seed=order.seed,
                sample_steps=order.steps,
                cfg_scale=order.cfg_scale,
                guidance=order.guidance,
                eta=float("inf"),
                sample_method=order.method or "default",
                scheduler=order.schedule or "default",
                init_image=picture,
                mask_image=mask,
                strength=order.strength,
                progress_callback=lambda step, steps, seconds: on_step(step, steps),
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise LibraryError(str(error)) from error
        image: Image = drawn
        return image.convert("RGB")

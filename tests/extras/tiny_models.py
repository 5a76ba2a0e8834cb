"""Tiny diffusion models with random weights, one function each: a folder goes in and comes back.

Real classes of diffusers at a size that a test can pay for, a few MB each; a picture of 64 pixels
takes a fraction of a second. Nothing is downloaded: the vocabularies are written here.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderDC,
    AutoencoderTiny,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxFillPipeline,
    FluxPipeline,
    FluxTransformer2DModel,
    LCMScheduler,
    PixArtSigmaPipeline,
    PixArtTransformer2DModel,
    SanaPipeline,
    SanaTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from tiny_families import FAMILIES
from tiny_parts import (
    HIDDEN,
    clip_encoder,
    clip_tokenizer,
    gemma_tokenizer,
    qwen_tokenizer,
    saved,
    t5_encoder,
    t5_tokenizer,
    unet,
    vae,
)
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    Gemma2Config,
    Gemma2Model,
    Qwen3Config,
    Qwen3Model,
)


def sd15(folder: Path) -> Path:
    """Stable Diffusion 1: one CLIP encoder and a UNet."""
    torch.manual_seed(0)
    tokenizer = clip_tokenizer()
    pipeline = StableDiffusionPipeline(
        vae=vae(),
        text_encoder=clip_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=unet(cross_attention_dim=HIDDEN),
        scheduler=DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    return saved(pipeline, folder)


def sd15_checked(folder: Path) -> Path:
    """The same with a safety checker, which takes no offence at anything these models draw."""
    sd15(folder)
    pipeline = StableDiffusionPipeline.from_pretrained(folder)
    size = {
        "hidden_size": HIDDEN,
        "intermediate_size": 37,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "projection_dim": 16,
    }
    checker = StableDiffusionSafetyChecker(
        CLIPConfig(
            text_config={**size, "vocab_size": 99},
            vision_config={**size, "image_size": 32, "patch_size": 8},
            projection_dim=16,
        )
    )
    # A cosine is never above them.
    with torch.no_grad():
        checker.concept_embeds_weights.fill_(2.0)
        checker.special_care_embeds_weights.fill_(2.0)
    checked = StableDiffusionPipeline(
        **{
            **pipeline.components,
            "safety_checker": checker,
            "feature_extractor": CLIPImageProcessor(
                size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
            ),
        }
    )
    return saved(checked, folder)


def sd15_inpaint(folder: Path) -> Path:
    """The same for masks: its network reads a picture and a mask beside the latents."""
    sd15(folder)
    parts = StableDiffusionPipeline.from_pretrained(folder).components
    torch.manual_seed(0)
    parts["unet"] = unet(cross_attention_dim=HIDDEN, in_channels=9)
    return saved(StableDiffusionInpaintPipeline(**parts, requires_safety_checker=False), folder)


def lcm(folder: Path) -> Path:
    """Stable Diffusion 1, distilled to a few steps: the scheduler says so."""
    sd15(folder)
    pipeline = StableDiffusionPipeline.from_pretrained(folder)
    pipeline.scheduler = LCMScheduler.from_config(pipeline.scheduler.config)
    return saved(pipeline, folder)


def sdxl(folder: Path) -> Path:
    """Stable Diffusion XL: two CLIP encoders, pooled text and sizes beside the time."""
    torch.manual_seed(0)
    first, second = clip_tokenizer(), clip_tokenizer(pad="!")
    pipeline = StableDiffusionXLPipeline(
        vae=vae(),
        text_encoder=clip_encoder(first),
        text_encoder_2=clip_encoder(second, projected=True),
        tokenizer=first,
        tokenizer_2=second,
        unet=unet(
            cross_attention_dim=2 * HIDDEN,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=HIDDEN + 6 * 8,
            use_linear_projection=True,
            transformer_layers_per_block=(1, 2),
            attention_head_dim=(2, 4),
        ),
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            steps_offset=1,
            timestep_spacing="leading",
        ),
    )
    return saved(pipeline, folder)


def sd3(folder: Path) -> Path:
    """Stable Diffusion 3: two CLIP encoders, T5, a transformer, flow matching."""
    torch.manual_seed(0)
    first, third = clip_tokenizer(), t5_tokenizer()
    pipeline = StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=32,
            patch_size=1,
            in_channels=4,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_projection_dim=HIDDEN,
            joint_attention_dim=2 * HIDDEN,
            pooled_projection_dim=2 * HIDDEN,
            out_channels=4,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.0609),
        text_encoder=clip_encoder(first, projected=True),
        tokenizer=first,
        text_encoder_2=clip_encoder(first, projected=True),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=t5_encoder(third, 2 * HIDDEN),
        tokenizer_3=third,
    )
    return saved(pipeline, folder)


def flux(folder: Path, *, guided: bool = True) -> Path:
    """FLUX.1 [dev], or [schnell], which is told no guidance: packed latents, CLIP and T5."""
    torch.manual_seed(0)
    return saved(FluxPipeline(**_flux_parts(guided=guided)), folder)


def flux_fill(folder: Path) -> Path:
    """FLUX.1 Fill: its transformer reads a picture and a mask beside the latents."""
    torch.manual_seed(0)
    # Of each: four cells of four channels, or of as many pixels as a cell has.
    parts = _flux_parts(guided=True, in_channels=3 * 16, out_channels=16)
    return saved(FluxFillPipeline(**parts), folder)


def _flux_parts(*, guided: bool, **transformer: int) -> dict[str, Any]:
    first, second = clip_tokenizer(), t5_tokenizer()
    return {
        "scheduler": FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=guided),
        "vae": vae(
            use_quant_conv=False,
            use_post_quant_conv=False,
            shift_factor=0.0609,
            scaling_factor=1.5035,
        ),
        "text_encoder": clip_encoder(first),
        "tokenizer": first,
        "text_encoder_2": t5_encoder(second, HIDDEN),
        "tokenizer_2": second,
        "transformer": FluxTransformer2DModel(
            **{"in_channels": 16, **transformer},
            patch_size=1,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=HIDDEN,
            pooled_projection_dim=HIDDEN,
            guidance_embeds=guided,
            axes_dims_rope=[4, 4, 8],
        ),
    }


def flux_schnell(folder: Path) -> Path:
    return flux(folder, guided=False)


def zimage(folder: Path) -> Path:
    """Z-Image: one language model as encoder, a transformer of one stream."""
    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    encoder = Qwen3Model(
        Qwen3Config(
            vocab_size=len(tokenizer) + 8,
            hidden_size=HIDDEN,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            max_position_embeddings=1024,
        )
    )
    transformer = ZImageTransformer2DModel(
        all_patch_size=(2,),
        all_f_patch_size=(1,),
        in_channels=16,
        dim=32,
        n_layers=2,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        qk_norm=True,
        cap_feat_dim=HIDDEN,
        rope_theta=256.0,
        t_scale=1000.0,
        axes_dims=[8, 4, 4],
        axes_lens=[1024, 64, 64],
    )
    # They are left as the memory had them.
    with torch.no_grad():
        transformer.x_pad_token.zero_()
        transformer.cap_pad_token.zero_()
    pipeline = ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae(
            latent_channels=16,
            use_quant_conv=False,
            use_post_quant_conv=False,
            shift_factor=0.1159,
            scaling_factor=0.3611,
        ),
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=transformer,
    )
    return saved(pipeline, folder)


def pixart(folder: Path) -> Path:
    """PixArt-Σ: T5 and a transformer that predicts its variance too."""
    torch.manual_seed(0)
    tokenizer = t5_tokenizer()
    pipeline = PixArtSigmaPipeline(
        tokenizer=tokenizer,
        text_encoder=t5_encoder(tokenizer, HIDDEN),
        vae=vae(),
        transformer=PixArtTransformer2DModel(
            sample_size=32,
            num_layers=2,
            patch_size=2,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_channels=HIDDEN,
            in_channels=4,
            cross_attention_dim=32,
            out_channels=8,
            attention_bias=True,
            activation_fn="gelu-approximate",
            num_embeds_ada_norm=1000,
            norm_type="ada_norm_single",
            norm_elementwise_affine=False,
            norm_eps=1e-6,
        ),
        scheduler=DPMSolverMultistepScheduler(),
    )
    return saved(pipeline, folder)


def sana(folder: Path) -> Path:
    """Sana: a small Gemma as encoder, linear attention, latents of a deep autoencoder."""
    torch.manual_seed(0)
    tokenizer = gemma_tokenizer()
    pipeline = SanaPipeline(
        tokenizer=tokenizer,
        text_encoder=Gemma2Model(
            Gemma2Config(
                vocab_size=len(tokenizer),
                hidden_size=8,
                intermediate_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                num_key_value_heads=1,
                head_dim=4,
                max_position_embeddings=1024,
            )
        ),
        vae=AutoencoderDC(
            in_channels=3,
            latent_channels=4,
            attention_head_dim=2,
            encoder_block_types=("ResBlock", "EfficientViTBlock"),
            decoder_block_types=("ResBlock", "EfficientViTBlock"),
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            encoder_qkv_multiscales=((), (5,)),
            decoder_qkv_multiscales=((), (5,)),
            encoder_layers_per_block=(1, 1),
            decoder_layers_per_block=(1, 1),
            downsample_block_type="conv",
            upsample_block_type="interpolate",
            decoder_norm_types="rms_norm",
            decoder_act_fns="silu",
            scaling_factor=0.41407,
        ),
        transformer=SanaTransformer2DModel(
            patch_size=1,
            in_channels=4,
            out_channels=4,
            num_layers=1,
            num_attention_heads=2,
            attention_head_dim=4,
            num_cross_attention_heads=2,
            cross_attention_head_dim=4,
            cross_attention_dim=8,
            caption_channels=8,
            sample_size=32,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
    )
    return saved(pipeline, folder)


def taesd(folder: Path) -> Path:
    """A tiny decoder that fits the latents of `sd15`, as TAESD fits those of Stable Diffusion."""
    torch.manual_seed(0)
    decoder = AutoencoderTiny(
        encoder_block_out_channels=(16, 16),
        decoder_block_out_channels=(16, 16),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
        latent_channels=4,
    )
    decoder.save_pretrained(folder)
    return folder


MODELS: dict[str, Callable[[Path], Path]] = {
    "sd15": sd15,
    "sd15_checked": sd15_checked,
    "sd15_inpaint": sd15_inpaint,
    "lcm": lcm,
    "sdxl": sdxl,
    "sd3": sd3,
    "flux": flux,
    "flux_schnell": flux_schnell,
    "flux_fill": flux_fill,
    "zimage": zimage,
    "pixart": pixart,
    "sana": sana,
    "taesd": taesd,
    **FAMILIES,
}

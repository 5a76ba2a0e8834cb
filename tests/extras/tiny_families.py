"""Tiny models of families whose encoders are language models; a folder goes in and comes back.

Random weights; see tiny_models.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AuraFlowPipeline,
    AuraFlowTransformer2DModel,
    AutoencoderKLFlux2,
    AutoencoderKLQwenImage,
    ChromaPipeline,
    ChromaTransformer2DModel,
    CogView4Pipeline,
    CogView4Transformer2DModel,
    DDPMScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Pipeline,
    Flux2Transformer2DModel,
    HunyuanDiT2DModel,
    HunyuanDiTPipeline,
    Krea2Pipeline,
    Krea2Transformer2DModel,
    Lumina2Pipeline,
    Lumina2Transformer2DModel,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
)
from tiny_parts import (
    HIDDEN,
    bert_tokenizer,
    gemma_tokenizer,
    glm_tokenizer,
    mistral_tokenizer,
    qwen_tokenizer,
    saved,
    t5_encoder,
    t5_tokenizer,
    vae,
)
from transformers import (
    BertConfig,
    BertModel,
    Gemma2Config,
    Gemma2Model,
    GlmConfig,
    GlmModel,
    Mistral3Config,
    Mistral3ForConditionalGeneration,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3VLConfig,
    Qwen3VLModel,
    UMT5Config,
    UMT5EncoderModel,
)

# Of language models: as many as a test can pay for.
SIZE: dict[str, Any] = {
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 2048,
}
# FLUX.2 reads three layers of its encoders, of which these are the last.
FLUX2_LAYERS, KLEIN_LAYERS = 30, 27


def flux2(folder: Path) -> Path:
    """FLUX.2 [dev]: Mistral with eyes as encoder, latents packed before they are scaled."""
    torch.manual_seed(0)
    tokenizer = mistral_tokenizer()
    words = {"model_type": "mistral", "vocab_size": len(tokenizer), "head_dim": 4}
    vision = {
        "model_type": "pixtral",
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "image_size": 32,
        "patch_size": 16,
    }
    encoder = Mistral3ForConditionalGeneration(
        Mistral3Config(
            text_config={**SIZE, **words, "num_hidden_layers": FLUX2_LAYERS},
            vision_config=vision,
            image_token_index=tokenizer.convert_tokens_to_ids("[IMG]"),
        )
    )
    pipeline = Flux2Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_flux2_vae(),
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=_flux2_transformer(guidance_embeds=True),
    )
    return saved(pipeline, folder)


def flux2_klein(folder: Path, *, distilled: bool = False) -> Path:
    """FLUX.2 [klein]: Qwen3 as encoder; as it was trained first, or distilled to four steps."""
    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    encoder = Qwen3ForCausalLM(
        Qwen3Config(**SIZE, vocab_size=len(tokenizer), num_hidden_layers=KLEIN_LAYERS, head_dim=4)
    )
    pipeline = Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_flux2_vae(),
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=_flux2_transformer(guidance_embeds=False),
        is_distilled=distilled,
    )
    return saved(pipeline, folder)


def flux2_klein_distilled(folder: Path) -> Path:
    return flux2_klein(folder, distilled=True)


def qwen_image(folder: Path) -> Path:
    """Qwen-Image: Qwen2.5-VL as encoder, the autoencoder of films."""
    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    encoder = Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(
            text_config={
                **SIZE,
                "vocab_size": len(tokenizer),
                "bos_token_id": None,
                "eos_token_id": tokenizer.convert_tokens_to_ids("<|im_end|>"),
                "num_hidden_layers": 2,
                "rope_scaling": {"mrope_section": [1, 1, 0], "rope_type": "default"},
            },
            vision_config={
                "depth": 1,
                "hidden_size": 16,
                "intermediate_size": 16,
                "num_heads": 2,
                "out_hidden_size": 8,
            },
        )
    )
    pipeline = QwenImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_qwen_vae(),
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=8,
            axes_dims_rope=(8, 4, 4),
        ),
    )
    return saved(pipeline, folder)


def krea2(folder: Path) -> Path:
    """Krea 2: layers of Qwen3-VL as they are, the autoencoder of Qwen-Image."""
    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    words = {**SIZE, "vocab_size": len(tokenizer), "num_hidden_layers": 2, "head_dim": 4}
    vision = {
        "depth": 1,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "out_hidden_size": 8,
        "deepstack_visual_indexes": [0],
    }
    pipeline = Krea2Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_qwen_vae(),
        text_encoder=Qwen3VLModel(Qwen3VLConfig(text_config=words, vision_config=vision)),
        tokenizer=tokenizer,
        transformer=Krea2Transformer2DModel(
            in_channels=16,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=32,
            timestep_embed_dim=8,
            text_hidden_dim=8,
            num_text_layers=3,
            text_num_attention_heads=2,
            text_num_key_value_heads=1,
            text_intermediate_size=16,
            num_layerwise_text_blocks=1,
            num_refiner_text_blocks=1,
            axes_dims_rope=(4, 2, 2),
        ),
        text_encoder_select_layers=(0, 1, 2),
    )
    return saved(pipeline, folder)


def chroma(folder: Path) -> Path:
    """Chroma: the transformer of FLUX.1 [schnell] without CLIP, guided by a negative prompt."""
    torch.manual_seed(0)
    tokenizer = t5_tokenizer()
    pipeline = ChromaPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_flux_vae(),
        text_encoder=t5_encoder(tokenizer, HIDDEN),
        tokenizer=tokenizer,
        transformer=ChromaTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=HIDDEN,
            axes_dims_rope=(4, 4, 8),
            approximator_hidden_dim=HIDDEN,
            approximator_layers=1,
            approximator_num_channels=16,
        ),
    )
    return saved(pipeline, folder)


def auraflow(folder: Path) -> Path:
    """AuraFlow: the T5 of many languages, places that are learnt."""
    torch.manual_seed(0)
    tokenizer = t5_tokenizer()
    pipeline = AuraFlowPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.73),
        vae=vae(),
        text_encoder=UMT5EncoderModel(
            UMT5Config(
                vocab_size=len(tokenizer),
                d_model=HIDDEN,
                d_kv=8,
                d_ff=37,
                num_layers=2,
                num_heads=4,
            )
        ),
        tokenizer=tokenizer,
        transformer=AuraFlowTransformer2DModel(
            sample_size=32,
            patch_size=2,
            in_channels=4,
            num_mmdit_layers=1,
            num_single_dit_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_projection_dim=HIDDEN,
            joint_attention_dim=HIDDEN,
            out_channels=4,
            pos_embed_max_size=4096,
        ),
    )
    return saved(pipeline, folder)


def lumina2(folder: Path) -> Path:
    """Lumina-Image 2: Gemma as encoder, which is told what it is there for."""
    torch.manual_seed(0)
    tokenizer = gemma_tokenizer()
    pipeline = Lumina2Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=6.0),
        vae=_flux_vae(halvings=3),
        text_encoder=Gemma2Model(
            Gemma2Config(**SIZE, vocab_size=len(tokenizer), num_hidden_layers=2, head_dim=4)
        ),
        tokenizer=tokenizer,
        transformer=Lumina2Transformer2DModel(
            sample_size=32,
            patch_size=2,
            in_channels=4,
            hidden_size=8,
            num_layers=2,
            num_refiner_layers=1,
            num_attention_heads=1,
            num_kv_heads=1,
            multiple_of=16,
            axes_dim_rope=(4, 2, 2),
            axes_lens=(600, 64, 64),
            cap_feat_dim=8,
        ),
    )
    return saved(pipeline, folder)


def cogview4(folder: Path) -> Path:
    """CogView4: GLM as encoder, whose texts are filled up on the left."""
    torch.manual_seed(0)
    tokenizer = glm_tokenizer()
    pipeline = CogView4Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(
            base_shift=0.25, max_shift=0.75, use_dynamic_shifting=True, time_shift_type="linear"
        ),
        vae=vae(),
        text_encoder=GlmModel(
            GlmConfig(
                **SIZE,
                vocab_size=len(tokenizer),
                num_hidden_layers=2,
                head_dim=4,
                pad_token_id=tokenizer.pad_token_id,
            )
        ),
        tokenizer=tokenizer,
        transformer=CogView4Transformer2DModel(
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=1,
            attention_head_dim=4,
            num_attention_heads=4,
            text_embed_dim=8,
            time_embed_dim=8,
            condition_dim=4,
            sample_size=32,
        ),
    )
    return saved(pipeline, folder)


def hunyuan_dit(folder: Path) -> Path:
    """Hunyuan-DiT: BERT and T5 side by side, a transformer that predicts its variance too."""
    torch.manual_seed(0)
    first, second = bert_tokenizer(), t5_tokenizer()
    pipeline = HunyuanDiTPipeline(
        vae=vae(halvings=3),
        text_encoder=BertModel(
            BertConfig(
                vocab_size=len(first),
                hidden_size=HIDDEN,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=37,
            )
        ),
        tokenizer=first,
        transformer=HunyuanDiT2DModel(
            sample_size=32,
            num_layers=2,
            patch_size=2,
            attention_head_dim=8,
            num_attention_heads=3,
            in_channels=4,
            cross_attention_dim=HIDDEN,
            cross_attention_dim_t5=HIDDEN,
            pooled_projection_dim=16,
            hidden_size=24,
            activation_fn="gelu-approximate",
        ),
        scheduler=DDPMScheduler(
            beta_start=0.00085,
            beta_end=0.03,
            beta_schedule="scaled_linear",
            prediction_type="v_prediction",
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
        text_encoder_2=t5_encoder(second, HIDDEN),
        tokenizer_2=second,
    )
    return saved(pipeline, folder)


FAMILIES: dict[str, Callable[[Path], Path]] = {
    "flux2": flux2,
    "flux2_klein": flux2_klein,
    "flux2_klein_distilled": flux2_klein_distilled,
    "qwen_image": qwen_image,
    "krea2": krea2,
    "chroma": chroma,
    "auraflow": auraflow,
    "lumina2": lumina2,
    "cogview4": cogview4,
    "hunyuan_dit": hunyuan_dit,
}


def _flux_vae(**options: Any) -> Any:
    return vae(
        use_quant_conv=False,
        use_post_quant_conv=False,
        shift_factor=0.0609,
        scaling_factor=1.5035,
        **options,
    )


def _qwen_vae() -> Any:
    return AutoencoderKLQwenImage(
        base_dim=16,
        z_dim=4,
        dim_mult=[1, 2],
        num_res_blocks=1,
        temperal_downsample=[False],
        latents_mean=[0.0, 0.1, 0.2, 0.3],
        latents_std=[1.0, 1.1, 1.2, 1.3],
    )


def _flux2_vae() -> Any:
    autoencoder = AutoencoderKLFlux2(
        block_out_channels=(32, 64),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=64,
    )
    # What a trained one has learnt of its latents.
    autoencoder.bn.running_mean.uniform_(-0.5, 0.5)
    autoencoder.bn.running_var.uniform_(0.5, 1.5)
    return autoencoder


def _flux2_transformer(*, guidance_embeds: bool) -> Any:
    return Flux2Transformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=3 * SIZE["hidden_size"],
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=guidance_embeds,
    )

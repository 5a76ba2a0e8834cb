"""Parts of tiny models, with random weights: UNets, autoencoders, encoders and their vocabularies.

Nothing is downloaded: the vocabularies are written here, a word for every byte, so that long
prompts are soon long enough.
"""

from pathlib import Path
from typing import Any

import tokenizers
from diffusers import AutoencoderKL, UNet2DConditionModel
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertTokenizer,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    GemmaTokenizerFast,
    PreTrainedTokenizerFast,
    Qwen2TokenizerFast,
    T5Config,
    T5EncoderModel,
    T5TokenizerFast,
)

# Pixels of a side of the pictures that the tiny models draw best.
SIDE = 64
HIDDEN = 32


def unet(**options: Any) -> Any:
    return UNet2DConditionModel(
        **{
            "block_out_channels": (32, 64),
            "layers_per_block": 1,
            "sample_size": 32,
            "in_channels": 4,
            "out_channels": 4,
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
            "norm_num_groups": 8,
            **options,
        }
    )


def vae(*, halvings: int = 1, **options: Any) -> Any:
    """It halves once, where the real ones do so three times, which some pipelines take for sure."""
    return AutoencoderKL(
        **{
            "block_out_channels": (32, *[64] * halvings),
            "in_channels": 3,
            "out_channels": 3,
            "down_block_types": ["DownEncoderBlock2D"] * (halvings + 1),
            "up_block_types": ["UpDecoderBlock2D"] * (halvings + 1),
            "latent_channels": 4,
            "norm_num_groups": 8,
            "sample_size": SIDE,
            **options,
        }
    )


def clip_tokenizer(*, pad: str = "<|endoftext|>") -> Any:
    """Every byte is a word of its own, so that long prompts are soon long enough."""
    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: index for index, word in enumerate(words)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], pad_token=pad, model_max_length=77)


def clip_encoder(tokenizer: Any, *, projected: bool = False) -> Any:
    """Two layers; with a projection as SDXL's second and SD3's have it."""
    configuration = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        projection_dim=HIDDEN,
        hidden_act="gelu",
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(configuration)


def t5_tokenizer() -> Any:
    letters = [(chr(code), -3.0) for code in range(33, 127)]
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    return T5TokenizerFast(vocab=[*special, *letters], extra_ids=0)


def t5_encoder(tokenizer: Any, width: int) -> Any:
    return T5EncoderModel(
        T5Config(
            vocab_size=len(tokenizer) + 8, d_model=width, d_kv=8, d_ff=37, num_layers=2, num_heads=4
        )
    )


def qwen_tokenizer() -> Any:
    words = [*sorted(ByteLevel.alphabet()), "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Qwen2TokenizerFast(
        vocab={word: index for index, word in enumerate(words)},
        merges=[],
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
    )
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    return tokenizer


def gemma_tokenizer() -> Any:
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "\u2581"]
    words = [*special, *(f"<0x{byte:02X}>" for byte in range(256))]
    words += [chr(code) for code in range(33, 127)]
    return GemmaTokenizerFast(vocab={word: n for n, word in enumerate(words)}, merges=[])


def glm_tokenizer() -> Any:
    """Texts are filled up on the left."""
    return _letters({"pad_token": "<pad>", "bos_token": "<sop>"}, padding_side="left")


def bert_tokenizer() -> Any:
    letters = [chr(code) for code in range(33, 127)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    words += [f"##{letter}" for letter in letters]
    vocabulary = {word: index for index, word in enumerate(words)}
    return BertTokenizer(vocab=vocabulary, model_max_length=77)


def mistral_tokenizer() -> Any:
    """The words of the real one's processor, which reads pictures too and needs torchvision."""
    template = (
        "<s>{% for m in messages %}[{{ m['role'] }}]"
        "{% for part in m['content'] %}{{ part['text'] }}{% endfor %}{% endfor %}"
    )
    marks = {"pad_token": "<pad>", "bos_token": "<s>", "mask_token": "[IMG]"}
    return _letters(marks, chat_template=template)


def _letters(marks: dict[str, str], **options: Any) -> Any:
    """Every byte is a word of its own; texts begin with a mark."""
    words = [*marks.values(), *sorted(ByteLevel.alphabet())]
    tokenizer = tokenizers.Tokenizer(BPE({word: n for n, word in enumerate(words)}, []))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    first = marks["bos_token"]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{first} $A", special_tokens=[(first, tokenizer.token_to_id(first))]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **marks, **options)


def saved(pipeline: Any, folder: Path) -> Path:
    """The pipeline as a folder of diffusers."""
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder

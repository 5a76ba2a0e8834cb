"""One generateContent request: what it asks for, and what its model refuses."""

from typing import Any

from fakes.gemini_models import Model
from fakes.gemini_schema import check_json_schema
from fakes.google import invalid
from fakes.pictures import size_of, type_of
from fakes.service import listed, refuse

_INPUT_TYPES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")


class Call:
    """One accepted generateContent request."""

    def __init__(self, model: Model, body: dict[str, Any], *, integers: bool) -> None:
        self.model = model
        self.integers = integers
        self._body = body
        self._config = body.get("generationConfig", {})
        self._contents = body.get("contents", [])
        self._image = self._config.get("imageConfig", {})

    @property
    def modalities(self) -> list[str]:
        default = ["TEXT", "IMAGE"] if self.model.image else ["TEXT"]
        return list(self._config.get("responseModalities") or default)

    @property
    def limit(self) -> int:
        """Tokens that the answer may have, thoughts included."""
        return int(self._config.get("maxOutputTokens", 65536))

    @property
    def number(self) -> int:
        """Tells pictures of different seeds apart."""
        return int(self._config.get("seed", 0))

    @property
    def wants_json(self) -> bool:
        return bool(self._config.get("responseMimeType") == "application/json")

    @property
    def schema(self) -> Any:
        return self._config.get("responseSchema", self._config.get("responseJsonSchema"))

    @property
    def last_text(self) -> str:
        """The last text that the user said."""
        texts = [
            part["text"]
            for content in self._contents
            if content.get("role", "user") == "user"
            for part in content["parts"]
            if part.get("text")
        ]
        return str(texts[-1]) if texts else ""

    @property
    def size(self) -> str:
        return str(self._image.get("imageSize", "1K"))

    @property
    def ratio(self) -> str:
        """As asked for, else that of the last reference picture, else 1:1."""
        if "aspectRatio" in self._image:
            return str(self._image["aspectRatio"])
        sizes = [size_of(part["inlineData"]["data"]) for part in self._pictures()]
        if not sizes or sizes[-1] is None:
            return "1:1"
        shape = sizes[-1][0] / sizes[-1][1]

        def distance(ratio: str) -> float:
            width, height = map(int, ratio.split(":"))
            return abs(width / height / shape - 1)

        return min(self.model.ratios, key=distance)

    def _pictures(self) -> list[dict[str, Any]]:
        return [p for content in self._contents for p in content["parts"] if "inlineData" in p]

    def usage(self, out: int, thoughts: int, modality: str) -> dict[str, Any]:
        text = sum(
            len(part.get("text", ""))
            for content in [*self._contents, self._body.get("systemInstruction", {"parts": []})]
            for part in content["parts"]
        )
        details: list[dict[str, Any]] = [{"modality": "TEXT", "tokenCount": max(1, text // 4)}]
        if pictures := len(self._pictures()):
            details.append({"modality": "IMAGE", "tokenCount": 258 * pictures})
        prompt = sum(detail["tokenCount"] for detail in details)
        counted: dict[str, Any] = {"promptTokenCount": prompt}
        if out:
            counted["candidatesTokenCount"] = out
        counted["totalTokenCount"] = prompt + out + thoughts
        counted["promptTokensDetails"] = details
        if out and modality == "IMAGE":
            counted["candidatesTokensDetails"] = [{"modality": "IMAGE", "tokenCount": out}]
        if thoughts:
            counted["thoughtsTokenCount"] = thoughts
        counted["serviceTier"] = "standard"
        return counted

    # What is refused

    def check(self) -> None:
        """Refuse what this model does not take."""
        self._check_contents()
        self._check_thinking()
        self._check_answer_format()
        self._check_pictures()
        config = self._config
        if config.get("candidateCount", 1) != 1:
            raise refuse(invalid("Multiple candidates is not enabled for this model"))
        sent = [name for name in ("temperature", "topP", "topK") if name in config]
        if sent and not self.model.sampling:
            raise refuse(invalid(f"{sent[0]} is not supported for {self.model.name}."))
        if config.get("maxOutputTokens", 1) < 1:
            raise refuse(invalid("max_output_tokens must be positive."))

    def _check_contents(self) -> None:
        contents = self._contents
        if not contents:
            raise refuse(invalid("* GenerateContentRequest.contents: contents is not specified\n"))
        for number, content in enumerate(contents):
            if content.get("role", "user") not in ("user", "model"):
                raise refuse(invalid("Please use a valid role: user, model."))
            if not content.get("parts"):
                raise refuse(
                    invalid(
                        f"* GenerateContentRequest.contents[{number}].parts: contents.parts must "
                        "not be empty.\n"
                    )
                )
            for place, part in enumerate(content["parts"]):
                data = [n for n in ("text", "inlineData", "fileData") if n in part]
                if len(data) != 1:
                    raise refuse(
                        invalid(
                            f"* GenerateContentRequest.contents[{number}].parts[{place}].data: "
                            "required oneof field 'data' must have one initialized field\n"
                        )
                    )
        if contents[-1].get("role") == "model" and any(
            p.get("text") for p in contents[-1]["parts"]
        ):
            raise refuse(invalid("Requests ending with a model turn are not supported."))
        if not self.last_text.strip() and not self._pictures():
            raise refuse(invalid("Unable to submit request because it must have a text parameter."))

    def _check_thinking(self) -> None:
        thinking = self._config.get("thinkingConfig", {})
        level, budget = thinking.get("thinkingLevel"), thinking.get("thinkingBudget")
        if level is not None and budget is not None:
            raise refuse(
                invalid("You can only set only one of thinking budget and thinking level.")
            )
        if level is not None and not self.model.levels:
            raise refuse(invalid("Thinking level is not supported for this model."))
        if level is not None and level not in self.model.levels:
            raise refuse(invalid(f"Thinking level {level} is not supported for this model."))
        if budget is not None and not self.model.budget:
            raise refuse(invalid("Thinking budget is not supported for this model."))

    def _check_answer_format(self) -> None:
        config, model = self._config, self.model
        mime = config.get("responseMimeType", "text/plain")
        if mime not in ("text/plain", "application/json", "text/x.enum"):
            raise refuse(
                invalid(
                    "* GenerateContentRequest.generation_config.response_mime_type: allowed "
                    "mimetypes are `text/plain`, `application/json`, `application/xml`, "
                    "`application/yaml` and `text/x.enum`.\n"
                )
            )
        given = [name for name in ("responseSchema", "responseJsonSchema") if name in config]
        if model.image and (mime != "text/plain" or given):
            raise refuse(invalid("JSON mode is not enabled for this model"))
        if len(given) == 2:
            raise refuse(
                invalid("Only one of response_schema and response_json_schema may be set.")
            )
        if given and mime == "text/plain":
            raise refuse(
                invalid(
                    "* GenerateContentRequest.generation_config.response_schema: only supported "
                    "with response_mime_type application/json\n"
                )
            )
        if "responseJsonSchema" in config:
            check_json_schema(config["responseJsonSchema"], "response_json_schema")
        modalities = ", ".join(self.modalities)
        if not model.image and "IMAGE" in self.modalities:
            raise refuse(
                invalid(
                    f"The requested combination of response modalities ({modalities}) is not "
                    f"supported by the model. {model.name}"
                )
            )

    def _check_pictures(self) -> None:
        model, image = self.model, self._image
        if "imageConfig" in self._config and not model.image:
            raise refuse(invalid("Image config is not supported for this model."))
        ratio, size = image.get("aspectRatio"), image.get("imageSize")
        if ratio is not None and ratio not in model.ratios:
            raise refuse(
                invalid(f"aspect_ratio must be one of {listed(model.ratios)}, got '{ratio}'.")
            )
        if size is not None and not model.sizes:
            raise refuse(invalid("Image size is not supported for this model."))
        if size is not None and size not in model.sizes:
            raise refuse(invalid(f"image_size must be one of {listed(model.sizes)}, got '{size}'."))
        pictures = self._pictures()
        if model.image and len(pictures) > model.references:
            raise refuse(invalid(f"At most {model.references} images are supported by this model."))
        for part in pictures:
            mime, data = part["inlineData"].get("mimeType", ""), part["inlineData"].get("data", b"")
            if mime.startswith("image/") and mime not in _INPUT_TYPES:
                raise refuse(invalid(f"Unsupported MIME type: {mime}"))
            if mime.startswith("image/") and (not type_of(data) or not data):
                raise refuse(
                    invalid(
                        "Unable to process input image. Please retry or report in "
                        "https://developers.generativeai.google/guide/troubleshooting"
                    )
                )
            if not mime:
                raise refuse(invalid("Unsupported MIME type: "))

"""The backend `comfyui`: workflows go to a ComfyUI server, and pictures come back."""

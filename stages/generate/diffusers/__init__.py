"""The backend `diffusers`: models on this machine, drawn with torch."""

"""The embedded backend: an illustration composed of cut-outs; no diffusion model."""

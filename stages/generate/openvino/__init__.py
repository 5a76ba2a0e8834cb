"""The backend `openvino`: converted models on this machine, drawn without torch."""

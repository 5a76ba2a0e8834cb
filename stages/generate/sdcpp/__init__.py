"""The backend `sdcpp`: model files on this machine, drawn by stable-diffusion.cpp."""

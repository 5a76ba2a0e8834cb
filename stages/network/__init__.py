"""The network: requests to providers go out here alone, whole answers or told errors come back."""

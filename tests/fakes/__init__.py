"""Local servers that stand in for the providers: `with serve("gemini") as fake: ... fake.url`.

They answer and refuse as the real ones do, fail on demand, and log every request.
"""

from fakes.desk import SERVICES
from fakes.log import Entry
from fakes.pictures import Picture
from fakes.server import Fake, serve

__all__ = ["SERVICES", "Entry", "Fake", "Picture", "serve"]

"""Which state is this: what is shown, made comparable without a threshold of any site's own. Pure."""

from runs.engine.identity.bands import bands, exact
from runs.engine.identity.compare import cut, distance, same, same_controls
from runs.engine.identity.state_signature import Face, Signature, signature, state_of

__all__ = ["Face", "Signature", "bands", "cut", "distance", "exact", "same", "same_controls", "signature", "state_of"]

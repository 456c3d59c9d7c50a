"""The names that are asked of modelhub.engine."""

from modelhub.engine.call import converse as converse
from modelhub.engine.call import count as count
from modelhub.engine.call import invoke as invoke
from modelhub.engine.call import parsed as parsed
from modelhub.engine.call import redirected as redirected
from modelhub.engine.call import wait_before_repeating as wait_before_repeating

"""The codes of problems, each with what it means in one line."""

CODES: dict[str, str] = {
    "MH100": "the config does not fit the schema of its model_type",
    "MH101": "the file cannot be read, or its syntax is wrong",
    "MH102": "a required key is missing",
    "MH103": "a key that does not exist here, often a misspelt one",
    "MH104": "a value of the wrong type",
    "MH105": "the same key twice in one mapping",
    "MH106": "not a model config",
    "MH107": "a model_type that nothing installed provides",
    "MH108": "a config_name that another config already has",
    "MH109": "a deprecated key: the config loads, the key has a modern form or no effect",
    "MH110": "an option that modelhub does not know; it may be misspelt",
    "MH201": "a value out of its range",
    "MH202": "a value that is not one of the choices",
    "MH203": "a value in the wrong format",
    "MH301": "an environment variable that is not set",
    "MH302": "a secret file that cannot be read",
    "MH501": "a plugin that cannot be loaded",
    "MH502": "a plugin that claims a name already taken",
}

# What is done again and again, by one word each: `just NAME`. The scripts do the work and can be run by themselves, too.

# Lint, types and tests with the newest and the oldest versions; of `just test tests/wire -q` only these tests
test *arguments:
    scripts/test {{arguments}}

# The tests against real model servers, which are fetched first
servers *arguments:
    scripts/test --servers {{arguments}}

# From a fresh clone to an answer
quickstart:
    scripts/quickstart

# What a call costs beside hand-written code
bench *arguments:
    scripts/bench {{arguments}}

# Ten minutes of calls on a server where much goes wrong, and whether anything grows
soak *arguments:
    scripts/soak {{arguments}}

# How the rooms of the code stand, and what breaks the law
house *arguments:
    scripts/house {{arguments}}

# Write the pages and the schema that are made from the code
docs *arguments:
    scripts/generate_docs {{arguments}}

# Build the site of the documentation
site *arguments:
    scripts/site {{arguments}}

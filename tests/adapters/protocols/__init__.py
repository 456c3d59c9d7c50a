"""Twelve private protocols that nobody speaks, each a folder with a ``server.py`` and a ``config.yaml``.

They differ in what private protocols differ in, and no two are alike:

| folder     | what is its own                                                                                         |
|------------|---------------------------------------------------------------------------------------------------------|
| envelope   | every reply is a 200 with a code in it; roles and keys by other names; SSE that ends with [DONE]        |
| gbk        | GBK there and back; the system in a field of its own; key in the query; lines with a prefix             |
| signed     | HMAC over method, path, time and body; SSE with named events and the sentinel END; arguments in pieces  |
| jobs       | a job is handed in, asked after, and may be cancelled                                                   |
| cumulative | each event has the whole text so far, and the calls so far; login with a password                       |
| xml_tools  | one prompt in a template of its own; calls as XML in the text, in streams too; NDJSON                   |
| json_marks | the prompt of Llama 3; calls as JSON between marks; a stream that is one JSON array                     |
| oauth      | tokens that are asked for and expire; contents in parts; tools as Anthropic has them; NDJSON            |
| jwt_form   | a form, a signed token, and replies that are plain text, streamed as they come                          |
| get_query  | GET with everything in the query; streams at another address, of texts that are no JSON                 |
| vectors    | embeddings in any order, with their numbers beside them                                                 |
| pictures   | images as base64, by PUT                                                                                |

A server reads what it is sent strictly: a key that it does not know, a role by the wrong name or a missing signature is
refused in the server's own style. What it answers depends on what it was asked alone, so that tests can compare; see
``thinking``. The configs hold no Python; they find the server at ``${PRIVATE_URL}``, the key in
``${PRIVATE_KEY}``, and who asks, where it matters, in ``${PRIVATE_USER}``.
"""

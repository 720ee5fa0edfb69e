"""OpenAI's own client against `troupe models serve`. Arguments: the base URL, and the key. Ends with 0 when all is well."""

import base64
import struct
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
READER, TABLE = "builtin/reader", "builtin/static"
QUESTION = [
    {"role": "system", "content": "Answer briefly."},
    {"role": "user", "content": "What do owls hunt? Owls hunt mice at night."},
]
SEARCH = {
    "type": "function",
    "function": {
        "name": "keyword_search",
        "description": "Finds chunks by keywords.",
        "parameters": {
            "type": "object",
            "properties": {"keywords": {"type": "array", "items": {"type": "string"}}, "top_k": {"type": "integer"}},
            "required": ["keywords"],
        },
    },
}


def refused(call, kind, told):
    try:
        call()
    except kind as error:
        assert told in str(error), error
        return error
    raise AssertionError(f"{told}: nothing was refused")


names = [model.id for model in client.models.list()]
assert names[:2] == [READER, TABLE], names
assert client.models.retrieve(READER).owned_by == "troupe"

# A whole answer, and the same in pieces.
whole = client.chat.completions.create(model=READER, messages=QUESTION, temperature=0, max_completion_tokens=100, seed=1)
text = whole.choices[0].message.content
assert text and whole.choices[0].finish_reason == "stop", whole
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens > 0
assert whole.usage.prompt_tokens_details.cached_tokens == 0
pieces = list(
    client.chat.completions.create(
        model=READER, messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )
)
streamed = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
assert streamed == text, (streamed, text)
assert pieces[-1].usage.total_tokens == whole.usage.total_tokens and pieces[-2].choices[0].finish_reason == "stop"
twice = client.chat.completions.create(model="reader", messages=QUESTION, n=2)
assert [choice.message.content for choice in twice.choices] == [text, text]

# A tool is called, and its result is read.
called = client.chat.completions.create(model=READER, messages=QUESTION, tools=[SEARCH])
[call] = called.choices[0].message.tool_calls
assert called.choices[0].finish_reason == "tool_calls" and call.function.name == "keyword_search", called
with client.chat.completions.stream(model=READER, messages=QUESTION, tools=[SEARCH]) as stream:
    for _ in stream:
        pass
    [same] = stream.get_final_completion().choices[0].message.tool_calls
assert same.function.arguments == call.function.arguments
result = {"role": "tool", "tool_call_id": call.id, "content": "[1] Owls hunt mice at night."}
after = client.chat.completions.create(
    model=READER, messages=[*QUESTION, called.choices[0].message, result], tools=[SEARCH], tool_choice="none"
)
assert after.choices[0].message.content and not after.choices[0].message.tool_calls, after

# The form of an answer.
schema = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
form = {"type": "json_schema", "json_schema": {"name": "it", "strict": True, "schema": schema}}
import json

formed = client.chat.completions.create(model=READER, messages=QUESTION, response_format=form)
assert isinstance(json.loads(formed.choices[0].message.content)["answer"], str), formed

# Vectors: the client asks for base64 by itself.
texts = ["owls hunt mice", "cats sleep"]
vectors = client.embeddings.create(model=TABLE, input=texts).data
plain = client.embeddings.create(model=TABLE, input=texts, encoding_format="float").data
for one, other in zip(vectors, plain, strict=True):
    assert all(abs(a - b) < 1e-6 for a, b in zip(one.embedding, other.embedding, strict=True))
raw = client.embeddings.with_raw_response.create(model=TABLE, input="owls", encoding_format="base64")
numbers = base64.b64decode(json.loads(raw.text if isinstance(raw.text, str) else raw.text())["data"][0]["embedding"])
assert len(struct.unpack(f"<{len(numbers) // 4}f", numbers)) == len(vectors[0].embedding)
assert len(client.embeddings.create(model=TABLE, input="owls", dimensions=8).data[0].embedding) == 8
if len(names) > 2:
    assert len(client.embeddings.create(model=names[2], input=texts).data[1].embedding) == 32

# A language model of this process, with random weights: noise in the right form, the same for a seed, its prompt known
# the second time, and gone when nobody listens.
TINY = "local/talker"
if TINY in names:
    verdict = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "it", "strict": True, "schema": verdict}}
    asked = dict(model=TINY, messages=QUESTION, seed=7, max_completion_tokens=60, top_p=0.9)
    formed = [client.chat.completions.create(**{**asked, "seed": seed}, response_format=form).choices[0] for seed in range(8)]
    # Noise may begin a thought and never end it; what ends is in the form.
    ended = [json.loads(choice.message.content) for choice in formed if choice.finish_reason == "stop"]
    assert ended and all(isinstance(answer["ok"], bool) for answer in ended), formed
    free = client.chat.completions.create(**asked)
    again = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    streamed = "".join(piece.choices[0].delta.content or "" for piece in again if piece.choices)
    assert streamed == (free.choices[0].message.content or ""), (streamed, free)
    known = again[-1].usage.prompt_tokens_details.cached_tokens
    assert known == again[-1].usage.prompt_tokens - 1, again[-1]
    # How likely its tokens were, whole and in pieces; sorted, and the chosen one as it says.
    likely = dict(**asked, logprobs=True, top_logprobs=8)
    told = client.chat.completions.create(**likely)
    tokens = told.choices[0].logprobs.content
    assert len(tokens) == told.usage.completion_tokens, told
    for token in tokens:
        others = [other.logprob for other in token.top_logprobs]
        assert len(others) == 8 and others == sorted(others, reverse=True) and token.logprob <= others[0] <= 0, token
        assert all(other.logprob == token.logprob for other in token.top_logprobs if other.bytes == token.bytes), token
    pieces = [piece.choices[0].logprobs for piece in client.chat.completions.create(**likely, stream=True) if piece.choices]
    assert [token for piece in pieces if piece for token in piece.content] == tokens
    refused(lambda: client.chat.completions.create(**{**likely, "top_logprobs": 9}), openai.BadRequestError, "8 are kept")

    # A call can be demanded, of any tool or of one; its arguments fit. Noise ends no text, so they are words to choose from.
    turn = {"type": "object", "properties": {"to": {"enum": ["left", "right"]}}, "required": ["to"]}
    turn = {"type": "function", "function": {"name": "turn", "parameters": turn}}
    other = {"type": "function", "function": {"name": "stop", "parameters": {"type": "object", "properties": {}}}}
    named = {"type": "function", "function": {"name": "stop"}}
    for choice, names_allowed in [("required", {"turn", "stop"}), (named, {"stop"})]:
        made = [
            client.chat.completions.create(
                **{**asked, "seed": seed, "max_completion_tokens": 200},
                tools=[turn, other],
                tool_choice=choice,
                parallel_tool_calls=False,
            ).choices[0]
            for seed in range(8)
        ]
        whole = [choice.message for choice in made if choice.finish_reason == "tool_calls"]
        assert whole, made
        for message in whole:
            [call] = message.tool_calls
            arguments = json.loads(call.function.arguments)
            assert call.function.name in names_allowed and arguments in ({}, {"to": "left"}, {"to": "right"}), message
    refused(
        lambda: client.chat.completions.create(**asked, tools=[SEARCH], tool_choice=named),
        openai.BadRequestError,
        "which is none of `tools`",
    )
    with client.chat.completions.create(**{**asked, "max_completion_tokens": 5000}, stream=True) as left:
        next(iter(left))

# What is wrong is told by its name and its status.
ask = client.chat.completions.create
refused(lambda: ask(model="gpt-9", messages=QUESTION), openai.NotFoundError, "there is no model `gpt-9`")
refused(lambda: ask(model=READER, messages=QUESTION, logprobs=True), openai.BadRequestError, "does not tell how likely")
refused(lambda: ask(model=READER, messages=QUESTION, tools=[SEARCH], tool_choice="required"), openai.BadRequestError, "which tools to call")
error = refused(lambda: ask(model=READER, messages=QUESTION, temperature=9), openai.BadRequestError, "`temperature`")
assert error.param == "temperature", error
stranger = openai.OpenAI(base_url=sys.argv[1], api_key="wrong", max_retries=0)
refused(lambda: stranger.models.list(), openai.AuthenticationError, "a key is needed")
print("all is well with openai", openai.__version__)

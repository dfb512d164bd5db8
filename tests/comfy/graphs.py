"""Small editor graphs to read."""

import json

from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.read import read_workflow

KNOWN = catalogue()


def node(id, kind, values=(), inputs=(), outputs=("*",), **more):
    given = [
        {"name": name, "type": type, "link": link, **extra}
        for name, type, link, *rest in inputs
        for extra in [rest[0] if rest else {}]
    ]
    made = [{"name": type, "type": type, "links": []} for type in outputs]
    return {"id": id, "type": kind, "widgets_values": list(values), "inputs": given, "outputs": made, **more}


def graph(nodes, links, **more):
    return json.dumps({"version": 0.4, "nodes": nodes, "links": links, **more})


def inputs_of(text, kind, **options):
    workflow = read_workflow(text, KNOWN, **options)
    return [n["inputs"] for n in workflow.prompt.values() if n["class_type"] == kind]


def subgraph(values=None, properties=None, link=None):
    """An instance of a subgraph that holds a text encoder, with its text as an input."""
    inner = node(
        5,
        "CLIPTextEncode",
        ["inside"],
        inputs=[("clip", "CLIP", None), ("text", "STRING", 1, {"widget": {"name": "text"}})],
    )
    definition = {
        "id": "abc",
        "nodes": [inner],
        "links": [{"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 5, "target_slot": 1, "type": "STRING"}],
        "inputs": [{"name": "words", "type": "STRING"}],
        "outputs": [],
    }
    one = node(
        7,
        "abc",
        values or [],
        inputs=[("words", "STRING", link, {"widget": {"name": "words"}})],
        properties=properties or {},
    )
    nodes, links = [one], []
    if link is not None:
        nodes.append(node(2, "PrimitiveNode", ["outside"]))
        links = [[link, 2, 0, 7, 0, "STRING"]]
    return graph(nodes, links, definitions={"subgraphs": [definition]})

"""A second reading of the editor's form, for flat graphs of schema 0.4 alone, written apart from the reader."""

WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}


def flattened(graph: dict, object_info: dict) -> dict:
    """The prompt of a graph: values of widgets by the order of the interfaces, links by their numbers."""
    origins = {link[0]: [str(link[1]), link[2]] for link in graph["links"]}
    prompt = {}
    for node in graph["nodes"]:
        if node["type"] == "Note":
            continue
        inputs = _values(node, object_info.get(node["type"]))
        inputs |= {one["name"]: origins[one["link"]] for one in node["inputs"] if one["link"] is not None}
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": inputs}
    return prompt


def _values(node: dict, info: dict | None) -> dict:
    values = node["widgets_values"]
    if isinstance(values, dict):
        return dict(values)
    if info is None:
        names = [one["name"] for one in node["inputs"] if "widget" in one]
        rest = [value for value in values if value != "fixed"]
        assert len(names) == len(rest)
        return dict(zip(names, rest, strict=True))
    rest = list(values)
    found = _take(info["input"], info.get("input_order") or {}, rest, "")
    assert not rest, (node["type"], rest)
    return found


def _take(section: dict, order: dict, rest: list, prefix: str) -> dict:
    """Takes values of widgets from the front."""
    found = {}
    for kind in ("required", "optional"):
        specs = section.get(kind) or {}
        for name in order.get(kind) or specs:
            type, options = specs[name][0], specs[name][1] if len(specs[name]) > 1 else {}
            if type == "COMFY_DYNAMICCOMBO_V3":
                chosen = found[prefix + name] = rest.pop(0)
                inner = next(one["inputs"] for one in options["options"] if one["key"] == chosen)
                found |= _take(inner, {}, rest, f"{prefix}{name}.")
            elif (isinstance(type, list) or type in WIDGETS or "widgetType" in options) and not options.get(
                "forceInput"
            ):
                value = rest.pop(0)
                marked = isinstance(value, str) and options.get("dynamicPrompts")
                found[prefix + name] = (
                    value.replace("\\{", "{").replace("\\}", "}").replace("{/}", "/") if marked else value
                )
                by_name = type == "INT" and name in ("seed", "noise_seed") and not prefix
                if options.get("control_after_generate", by_name):
                    assert rest.pop(0) == "fixed"
    return found

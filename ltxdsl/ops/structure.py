"""Names, recipes, files, shots and sweeps."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from ltxdsl.ops.cells import Cell, Symbol
from ltxdsl.ops.declare import NOWHERE, Role, Statement, parts, statement, word
from ltxdsl.ops.kinds import (
    ARGUMENTS,
    ASSIGNMENT,
    DECLARED,
    FILE_OR_STD,
    INPUT_TYPE,
    NAME,
    NAME_OR_TEXT,
    NAMES,
    PARAMETERS,
    RECIPE,
    TEXT,
    VALUES,
)
from ltxdsl.source import Span

if TYPE_CHECKING:
    from ltxdsl.compiler.expand import Here
    from ltxdsl.compiler.lower import Scene


@statement("let", Role.NAME, 'let strong = 0.8\nlet weak = strong / 2\nprompt "a lake"\npass distill weak 8')
class Let(Statement, frozen=True):
    """Name a value. Arithmetic works on numbers and on numbers with a unit; a text shows it as `{name}`."""

    binding: Annotated[Any, word(ASSIGNMENT, "name = value")]

    def expand(self, here: "Here") -> tuple[Statement, ...]:
        """Bind the name."""
        here.scope.define(self.binding.name, self.binding.cell.value, self.span_of("binding"))
        return ()


@statement(
    "input",
    Role.NAME,
    'input face image "who it shows"\ninput strength = 0.4 "how alike"\n'
    'prompt "a queen"\nguide face @ -1 strength strength\npass dev 30',
)
class DeclaredInput(Statement, frozen=True):
    """Declare a value that comes from outside (`--set name=value`): its kind, its default, what it is for.

    The kind follows from the default, or is named: image, video, audio, text, number, size, length, fps, factor.
    Names that are used and never bound are inputs too; declaring one says more and checks more. `ltx inputs` lists
    them.
    """

    top_only: ClassVar[bool] = True

    binding: Annotated[Any, word(DECLARED, "its name, or name = default")]
    type: Annotated[str, word(INPUT_TYPE, "the kind of value; that of the default if not said")] = ""
    doc: Annotated[str, word(TEXT, "what it is for")] = ""

    def expand(self, here: "Here") -> tuple[Statement, ...]:
        """Bind the name to what was given, the default, or what stands in."""
        here.declare_input(self)
        return ()


@statement(
    "recipe",
    Role.NAME,
    "recipe two_pass(first = 0.5x, strength = 0.6) {\n  pass first dev 30\n  upscale 2x distill strength\n}\n"
    'prompt "a lake"\nuse two_pass strength 0.5',
)
class RecipeStatement(Statement, frozen=True):
    """Name a list of statements, with parameters. `use` puts them where it stands.

    A parameter has the kind of its default; one without a default must be given, and takes what its use allows.
    Parameters shadow names outside. A recipe is known in its whole file, and may use other recipes, but not itself.
    """

    top_only: ClassVar[bool] = True
    body: ClassVar[str] = "template"

    name: Annotated[str, word(NAME, "its name")]
    parameters: Annotated[tuple[Cell, ...], word(PARAMETERS, "its parameters in brackets, with their defaults")] = ()

    def expand(self, here: "Here") -> tuple[Statement, ...]:
        """Bind the name."""
        here.define_recipe(self)
        return ()


@statement(
    "use",
    Role.STRUCTURE,
    'recipe look(mood = "soft light", strength = 3) { prompt "a lake, {mood}"; cfg strength }\n'
    'use look mood "storm" strength 4\npass dev 30',
)
class Use(Statement, frozen=True):
    """Put the statements of a recipe here, with these values for its parameters.

    A value follows its parameter's name, or stands alone where its kind says which one is meant.
    """

    recipe: Annotated[str, word(RECIPE, "the recipe")]
    arguments: Annotated[tuple[Cell, ...], word(ARGUMENTS, "parameter value, parameter value")] = ()

    def expand(self, here: "Here") -> list[Statement]:
        """The recipe's statements."""
        return here.use(self)


@statement("import", Role.NAME, 'import std three_pass\nsize 512x512\nprompt "a lake"\nuse three_pass')
class Import(Statement, frozen=True):
    """Know the names of another file: its recipes, lets, inputs and named files.

    A file is looked for beside the one that imports it, then in the folders of `[paths] import` in ltx.toml, then in
    those of the environment variable LTX_PATH. `std` is the standard library of recipes.
    """

    top_only: ClassVar[bool] = True
    hoisted: ClassVar[bool] = True

    file: Annotated[str | Symbol, word(FILE_OR_STD, "the file, or `std`")]
    names: Annotated[tuple[Cell, ...], word(NAMES, "these names only; all if not said")] = ()

    def expand(self, here: "Here") -> tuple[Statement, ...]:
        """Bind the names."""
        here.import_names(self)
        return ()


@statement(
    "shot",
    Role.ACTION,
    'size 512x512\nshot wide { prompt "a lake"; pass dev 30 }\nshot close { prompt "a reed"; pass dev 30 }',
)
class Shot(Statement, frozen=True):
    """A clip of its own, from fresh noise. Settings and conditions above it hold in it; what it says stays in it.

    Every shot draws with the script's seed as if it stood alone. One that saves nothing writes NAME.mp4. Its name
    means its clip in later statements that take one.
    """

    in_block: ClassVar[bool] = False
    body: ClassVar[str] = "script"

    name: Annotated[str, word(NAME_OR_TEXT, 'its name; a text may hold values, such as "ref-{s}"')]

    def expand(self, here: "Here") -> tuple[Statement, ...]:
        """Let later statements know its name."""
        here.name_shot(self.name, self.span_of("name"))
        return (self,)

    def apply(self, scene: "Scene") -> None:
        """Run its statements in a scene of its own."""
        scene.shoot(self)


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """One variable of a sweep, or several that change together."""

    names: Annotated[tuple[Cell, ...], word(NAMES, "the variable, or variables that change together")]
    values: Annotated[tuple[Cell, ...], word(VALUES, "`in`, then values; rows in brackets for several variables")]
    span: Span = NOWHERE


@statement(
    "sweep",
    Role.STRUCTURE,
    'prompt "a lake"\n'
    'sweep s in 0.4, 0.6 | n in 6, 8 {\n  shot "lake-{s}-{n}" { pass distill s n linear_quadratic }\n}',
)
class Sweep(Statement, frozen=True):
    """Write the block once for every combination of values.

    Between `|` stand variables that are combined freely. Variables that change together stand in one part:
    `s, n in (0.4, 6), (0.6, 8)`. Values are of any kind; `face in files "faces/*.png"` takes every such file.
    """

    body: ClassVar[str] = "template"

    axes: Annotated[tuple[Axis, ...], parts(Axis, VALUES, "variables with `|` between them")]

    def expand(self, here: "Here") -> list[Statement]:
        """Its block, once a round."""
        return here.sweep(self)

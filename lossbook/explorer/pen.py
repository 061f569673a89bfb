"""A Matplotlib renderer that writes the SVG of one artist, as short as it goes.

Coordinates are whole tenths of a point and relative, colours of the palette are CSS variables, and there are no ids but
those that something refers to. So the markup of a moved curve is small, and the same curve gives the same markup.
"""

from __future__ import annotations

import base64
import html
import io
from functools import cache
from typing import Any

import numpy as np
from matplotlib import font_manager
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D
from PIL import Image

from lossbook.explorer.palette import VARIABLES

SCALE = 10  # the picture's units per point
SIMPLIFY = 0.2  # points: a vertex of a line this near to its neighbours' line is dropped
SIMPLIFY_AREA = 0.1
HATCH = 72  # points: the size of a hatch's tile
IMAGE_SCALE = 2  # pixels per point of an embedded image
FEW_PIXELS = 40  # a side: a mask or a grid, whose pixels are to be seen as squares, and no photograph
PHOTOGRAPH = 80  # JPEG's quality for one that is drawn in its own pixels: a tenth of the bytes of a PNG

COMMANDS = {Path.MOVETO: ("m", 1), Path.LINETO: ("l", 1), Path.CURVE3: ("q", 2), Path.CURVE4: ("c", 3)}
CAPS = {"projecting": "square"}
ANCHORS = {"left": "", "center": ' text-anchor="middle"', "right": ' text-anchor="end"'}


class Pen(RendererBase):
    """Collects markup in `out`; what it refers to (clips, hatches) in `defs`, by markup; ids start with `prefix`."""

    def __init__(self, width: float, height: float, prefix: str) -> None:
        super().__init__()
        self.width, self.height, self.prefix = width, height, prefix
        self.flip = Affine2D().scale(1, -1).translate(0, height)
        self.out: list[str] = []
        self.defs: dict[tuple[str, str], str] = {}
        self.measured: dict[tuple[Any, ...], tuple[float, float, float]] = {}
        self.artist: object = None  # what is being drawn, as far as the caller says

    # What Matplotlib asks about the canvas

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self.width, self.height

    def get_image_magnification(self) -> float:
        return IMAGE_SCALE

    def option_scale_image(self) -> bool:
        return True

    def option_image_nocomposite(self) -> bool:
        return True

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        """Measured once: Matplotlib asks again and again, for the layout and for the drawing."""
        key = (s, hash(prop), ismath)
        if key not in self.measured:
            self.measured[key] = super().get_text_width_height_descent(s, prop, ismath)
        return self.measured[key]

    # Drawing

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Any, rgbFace: Any = None) -> None:
        attributes = self.paint(gc, rgbFace)
        if attributes:
            line = outline(
                self.cleaned(path, transform, rgbFace is None and gc.get_hatch() is None, gc.get_sketch_params())
            )
            if line:
                self.out.append(f'<path d="{line}"{attributes}{self.clip(gc)}/>')

    def draw_markers(
        self, gc: GraphicsContextBase, marker_path: Path, marker_trans: Any, path: Path, trans: Any, rgbFace: Any = None
    ) -> None:
        places = [
            vertices[-2:] for vertices, _ in path.iter_segments(trans + self.flip, simplify=False) if len(vertices)
        ]
        places = [(x, y) for x, y in places if 0 <= x <= self.width and 0 <= y <= self.height]
        attributes = self.paint(gc, rgbFace)
        if len(places) < 3:
            for x, y in places:
                self.draw_path(gc, marker_path, marker_trans + Affine2D().translate(x, self.height - y), rgbFace)
            return
        line = outline(marker_path.transformed(marker_trans + Affine2D().scale(1, -1)))
        if not line or not attributes:
            return
        mark = self.define("path", f' d="{line}"')
        spots = "".join('<use href="#{}" x="{}" y="{}"/>'.format(mark, *units(place)) for place in places)
        self.out.append(f"<g{attributes}{self.clip(gc)}>{spots}</g>")

    def draw_image(self, gc: GraphicsContextBase, x: float, y: float, im: Any, transform: Any = None) -> None:
        """An image as Matplotlib resampled it; or with a transform, for `interpolation="none"`, in its own pixels."""
        rows, columns = im.shape[:2]
        if transform is None:
            width, height, upright, look = columns / IMAGE_SCALE, rows / IMAGE_SCALE, False, ""
        else:
            (left, start), (right, end) = transform.transform([(0, 0), (1, 1)])
            x, y, width, height = x + min(left, right), y + min(start, end), abs(right - left), abs(end - start)
            upright, look = bool(start > end), ' preserveAspectRatio="none"'
        pixels = im if upright else im[::-1]
        few = look and max(rows, columns) <= FEW_PIXELS
        if few:
            look += ' image-rendering="pixelated"'
        opaque = look and not few and bool((im[..., 3] == 255).all())
        kind = "jpeg" if opaque else "png"
        data = io.BytesIO()
        settings = {"quality": PHOTOGRAPH, "subsampling": 0} if opaque else {}
        Image.fromarray(pixels[..., :3] if opaque else pixels).save(data, format=kind, **settings)
        left, top = units((x, self.height - y - height))
        source = f"data:image/{kind};base64," + base64.b64encode(data.getvalue()).decode()
        opacity = "" if gc.get_alpha() in (None, 1) else f' opacity="{gc.get_alpha():.3g}"'
        self.out.append(
            f'<image x="{left}" y="{top}" width="{width * SCALE:g}" height="{height * SCALE:g}" href="{source}"'
            f"{look}{opacity}{self.clip(gc)}/>"
        )

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: Any,
        angle: float,
        ismath: Any = False,
        mtext: Text | None = None,
    ) -> None:
        if ismath:
            self.out.append('<g class="math">')
            self._draw_text_as_path(gc, x, y, s, prop, angle, ismath, mtext)
            self.out.append("</g>")
            return
        # The page's font has other widths than the one measured here: anchor the text where its author aligned it.
        owner = mtext or (self.artist if isinstance(self.artist, Text) else None)
        align = "left" if owner is None else owner.get_ha() if mtext else owner._get_multialignment()
        width = self.get_text_width_height_descent(s, prop, ismath)[0] * {"left": 0, "center": 0.5, "right": 1}[align]
        turn = np.deg2rad(angle)
        x, y = units((x + width * np.cos(turn), y - width * np.sin(turn)))
        rgba = gc.get_rgb()
        weight = font_manager.weight_dict.get(prop.get_weight(), prop.get_weight())
        alpha = gc.get_alpha() if gc.get_forced_alpha() else rgba[3]
        self.out.append(
            f'<text x="{x}" y="{y}" font-size="{prop.get_size_in_points() * SCALE:g}" fill="{colour(rgba)}"'
            + ANCHORS[align]
            + (f' transform="rotate({-angle:g} {x} {y})"' if angle else "")
            + (f' font-weight="{weight}"' if weight != 400 else "")
            + (f' font-style="{prop.get_style()}"' if prop.get_style() != "normal" else "")
            + (f' opacity="{alpha:.3g}"' if alpha != 1 else "")
            + f"{self.clip(gc)}>{html.escape(s, quote=False)}</text>"
        )

    # Attributes

    def paint(self, gc: GraphicsContextBase, face: Any) -> str:
        """Fill and stroke as attributes; empty where nothing would show. The picture's own default is no fill."""
        forced, text = gc.get_forced_alpha(), ""
        if gc.get_hatch() is not None:
            text += f' fill="url(#{self.hatch(gc, face)})"'
        elif face is not None and (len(face) < 4 or face[3] > 0):
            text += f' fill="{colour(face)}"'
            if len(face) == 4 and face[3] < 1 and not forced:
                text += f' fill-opacity="{face[3]:.3g}"'
        rgba, width = gc.get_rgb(), gc.get_linewidth()
        if width and rgba[3] > 0:
            text += f' stroke="{colour(rgba)}" stroke-width="{width * SCALE:.3g}"'
            if rgba[3] < 1 and not forced:
                text += f' stroke-opacity="{rgba[3]:.3g}"'
            offset, dashes = gc.get_dashes()
            if dashes is not None:
                text += f' stroke-dasharray="{" ".join(f"{dash * SCALE:.4g}" for dash in dashes)}"'
                text += f' stroke-dashoffset="{offset * SCALE:.4g}"' if offset else ""
            if gc.get_joinstyle() != "round":
                text += f' stroke-linejoin="{gc.get_joinstyle()}"'
            if gc.get_capstyle() != "butt":
                text += f' stroke-linecap="{CAPS.get(gc.get_capstyle(), gc.get_capstyle())}"'
        if forced and gc.get_alpha() != 1:
            return f'{text} opacity="{gc.get_alpha():.3g}"' if gc.get_alpha() > 0 and text else ""
        return text

    def clip(self, gc: GraphicsContextBase) -> str:
        """The clip-path attribute of a graphics context, empty where nothing is clipped."""
        path, transform = gc.get_clip_path()
        if path is not None:
            shape = f'<path d="{outline(path.transformed(transform + self.flip))}"/>'
        elif (box := gc.get_clip_rectangle()) is not None:
            left, top = units((box.x0, self.height - box.y1))
            shape = (
                f'<rect x="{left}" y="{top}" width="{round(box.width * SCALE)}" height="{round(box.height * SCALE)}"/>'
            )
        else:
            return ""
        return f' clip-path="url(#{self.define("clipPath", "", shape)})"'

    def hatch(self, gc: GraphicsContextBase, face: Any) -> str:
        """The id of the pattern that fills with the context's hatch on `face`."""
        size = HATCH * SCALE
        line = outline(gc.get_hatch_path().transformed(Affine2D().scale(HATCH, -HATCH).translate(0, HATCH)))
        ink = colour(gc.get_hatch_color())
        ground = "" if face is None else f'<rect width="{size}" height="{size}" fill="{colour(face)}"/>'
        width = gc.get_hatch_linewidth() * SCALE
        body = f'{ground}<path d="{line}" fill="{ink}" stroke="{ink}" stroke-width="{width:g}"/>'
        return self.define("pattern", f' patternUnits="userSpaceOnUse" width="{size}" height="{size}"', body)

    def define(self, tag: str, attributes: str, body: str = "") -> str:
        """The id of a definition, the same for the same content whenever it is asked for."""
        content = (f"<{tag}", f"{attributes}>{body}</{tag}>")
        return self.defs.setdefault(content, f"{self.prefix}d{len(self.defs)}")

    def definitions(self) -> str:
        """Everything defined so far, as it stands in `<defs>`."""
        return "".join(f'{tag} id="{name}"{rest}' for (tag, rest), name in self.defs.items())

    def cleaned(self, path: Path, transform: Any, line: bool, sketch: Any) -> Path:
        """The path in points from the top left corner: no NaN, cut at the canvas, superfluous vertices dropped."""
        flat = path.codes is None or not np.any((path.codes == Path.CURVE3) | (path.codes == Path.CURVE4))
        path = Path(path.vertices, path.codes)
        path.simplify_threshold = SIMPLIFY if line else SIMPLIFY_AREA
        path.should_simplify = bool(flat and len(path.vertices) > 10)
        canvas = (0.0, 0.0, self.width, self.height) if line else None
        return path.cleaned(
            transform + self.flip, True, canvas, simplify=path.should_simplify, curves=True, sketch=sketch
        )


def units(point: Any) -> tuple[int, int]:
    """A point in the picture's units."""
    return round(float(point[0]) * SCALE), round(float(point[1]) * SCALE)


def colour(rgb: Any) -> str:
    """A colour of the palette as its CSS variable, any other as it is."""
    return _colour(tuple(rgb)[:3])


@cache
def _colour(rgb: tuple[float, ...]) -> str:
    code = to_hex(rgb)
    return VARIABLES.get(code, code)


def outline(path: Path) -> str:
    """The `d` attribute of a path given in points: relative commands in whole units."""
    points = np.rint(np.asarray(path.vertices) * SCALE).astype(int)
    codes = path.codes
    if codes is None:
        codes = np.full(len(points), Path.LINETO)
        codes[:1] = Path.MOVETO
    return polyline(points, codes) or curves(points.tolist(), codes.tolist())


def polyline(points: Any, codes: Any) -> str:
    """As `curves`, all points at once; empty for a path that is more than one line, perhaps closed."""
    end = len(codes) - (len(codes) > 0 and codes[-1] == Path.STOP)
    closed = end > 0 and codes[end - 1] == Path.CLOSEPOLY
    end -= closed
    if end < 1 or codes[0] != Path.MOVETO or (codes[1:end] != Path.LINETO).any():
        return ""
    steps = points[:end].copy()
    steps[1:] -= points[: end - 1]
    keep = steps.any(axis=1)  # the others are shorter than the rounding
    keep[0] = True
    keep[-1] |= end == len(codes)
    steps = steps[keep]
    text = (" %d %d" * len(steps) % tuple(steps.ravel().tolist())).replace(" -", "-")
    return "m" + text.removeprefix(" ") + ("z" if closed else "")


def curves(vertices: list[list[int]], codes: list[int]) -> str:
    """The `d` attribute of any path, command by command."""
    out: list[str] = []
    x = y = start_x = start_y = index = 0
    last = ""
    while index < len(codes) and codes[index] != Path.STOP:
        if codes[index] == Path.CLOSEPOLY:
            out.append("z")
            x, y, last, index = start_x, start_y, "z", index + 1
            continue
        letter, size = COMMANDS[codes[index]]
        points = vertices[index : index + size]
        index += size
        if letter == "l" and points[0] == [x, y] and index < len(codes):
            continue  # shorter than the rounding
        text = "".join(f"{a - x:+d}{b - y:+d}" for a, b in points).replace("+", " ")
        out.append(text if letter == last else letter + text.removeprefix(" "))
        x, y = points[-1]
        if letter == "m":
            start_x, start_y = x, y
        last = "l" if letter == "m" else letter  # pairs that follow a move are lines
    return "".join(out)

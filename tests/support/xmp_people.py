"""Small files of the forms in which programs write names."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from PIL import Image

Box = tuple[float, float, float, float]
"""Left, top, width, height in shares."""

_HEAD = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
 xmlns:MP="http://ns.microsoft.com/photo/1.2/" xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
 xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#" xmlns:acdsee-rs="http://ns.acdsee.com/regions/"
 xmlns:acdsee-stArea="http://ns.acdsee.com/sType/Area#" xmlns:digiKam="http://www.digikam.org/ns/1.0/"
 xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
"""
_TAIL = "</rdf:Description></rdf:RDF></x:xmpmeta>"

Named = Sequence[tuple[str | None, Box]]


def packet(*properties: str) -> bytes:
    """An XMP packet of these properties."""
    return (_HEAD + "\n".join(properties) + _TAIL).encode()


def mwg(named: Named, *, list_of: str = "Bag", nested: bool = False, kind: str = "Face") -> str:
    """MWG regions, as elements (digiKam) or `nested` in descriptions with attributes (Lightroom, Picasa)."""
    items = []
    for name, box in named:
        x, y, w, h = _centred(box)
        if nested:
            called = "" if name is None else f" mwg-rs:Name={quoteattr(name)}"
            items.append(
                f'<rdf:li><rdf:Description{called} mwg-rs:Type="{kind}"><mwg-rs:Area stArea:x="{x}" stArea:y="{y}"'
                f' stArea:w="{w}" stArea:h="{h}" stArea:unit="normalized"/></rdf:Description></rdf:li>'
            )
        else:
            called = "" if name is None else f"<mwg-rs:Name>{escape(name)}</mwg-rs:Name>"
            items.append(
                f'<rdf:li rdf:parseType="Resource"><mwg-rs:Area rdf:parseType="Resource"><stArea:x>{x}</stArea:x>'
                f"<stArea:y>{y}</stArea:y><stArea:w>{w}</stArea:w><stArea:h>{h}</stArea:h><stArea:unit>normalized"
                f"</stArea:unit></mwg-rs:Area>{called}<mwg-rs:Type>{kind}</mwg-rs:Type></rdf:li>"
            )
    return (
        '<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions stDim:w="400" stDim:h="300"'
        f' stDim:unit="pixel"/><mwg-rs:RegionList><rdf:{list_of}>{"".join(items)}</rdf:{list_of}>'
        "</mwg-rs:RegionList></mwg-rs:Regions>"
    )


def microsoft(named: Named) -> str:
    """Regions of Windows Photo Gallery and digiKam."""
    items = (
        f'<rdf:li rdf:parseType="Resource"><MPReg:PersonDisplayName>{escape(name or "")}</MPReg:PersonDisplayName>'
        f"<MPReg:Rectangle>{', '.join(map(str, box))}</MPReg:Rectangle></rdf:li>"
        for name, box in named
    )
    return (
        f'<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag>{"".join(items)}</rdf:Bag></MPRI:Regions>'
        "</MP:RegionInfo>"
    )


def acdsee(named: Named, *, assigned: str = "manual") -> str:
    """ACDSee's regions."""
    items = []
    for name, box in named:
        x, y, w, h = _centred(box)
        items.append(
            f'<rdf:li><rdf:Description acdsee-rs:Type="Face" acdsee-rs:Name={quoteattr(name or "")}'
            f' acdsee-rs:NameAssignType="{assigned}"><acdsee-rs:DLYArea acdsee-stArea:x="{x}" acdsee-stArea:y="{y}"'
            f' acdsee-stArea:w="{w}" acdsee-stArea:h="{h}"/></rdf:Description></rdf:li>'
        )
    return (
        '<acdsee-rs:Regions rdf:parseType="Resource"><acdsee-rs:RegionList>'
        f"<rdf:Bag>{''.join(items)}</rdf:Bag></acdsee-rs:RegionList></acdsee-rs:Regions>"
    )


def words(key: str, *texts: str) -> str:
    """A list of texts, such as keywords."""
    return f"<{key}><rdf:Bag>{''.join(f'<rdf:li>{escape(t)}</rdf:li>' for t in texts)}</rdf:Bag></{key}>"


def jpeg(path: Path, *, orientation: int = 1, xmp: bytes | None = None, size: tuple[int, int] = (40, 30)) -> Path:
    """A small photo, `size` as stored."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", size, "grey")
    if xmp is None:
        picture.save(path, exif=exif)
    else:
        picture.save(path, exif=exif, xmp=xmp)
    return path


def _centred(box: Box) -> Box:
    x, y, w, h = box
    return x + w / 2, y + h / 2, w, h

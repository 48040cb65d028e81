#pragma once
// An engine, as docs/formats/console.md tells it: its figures, and the pictures of its batch, its
// blocks and its prefixes.

#include "service/web/engine_figures.h"

namespace mill::web {

Json engine_json(const EnginePicture&);
// Of those of them that the viewer may see.
Json sequences_json(const EnginePicture&, const Viewer&);

}  // namespace mill::web

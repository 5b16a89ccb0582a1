#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cache/cache.h"
#include "net/body.h"

namespace standin {

/// The body of a kept answer, lent piece by piece.
std::shared_ptr<BodySource> lent_body(std::shared_ptr<const std::string> body);

/// A body on its way through, copied for the cache: asked for piece by piece as before, and so no faster than who takes
/// it. `whole` is called with all of it at its end; not if it breaks off, is dropped, or becomes more than the cache
/// has room for. `begun` is what came of it already.
std::shared_ptr<BodySource> copied_body(std::shared_ptr<BodySource> source, std::string begun,
                                        std::shared_ptr<Cache> cache, std::function<void(std::string)> whole);

}  // namespace standin

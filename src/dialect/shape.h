#pragma once

#include <string>
#include <vector>

#include "net/message.h"

namespace standin {

/// Sentences reported about one pair of answers; more are summed up in one.
constexpr std::size_t shape_differences_max = 20;

/// How the party's answer and the template's differ in status, media type, and fields with their JSON types: each
/// difference a sentence without any value. The elements of an array count as one; null matches anything.
std::vector<std::string> shape_differences(const Response& real, const Response& ours);

}  // namespace standin

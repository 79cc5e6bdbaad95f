// Result files that are either whole or not there.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace reckon {

// Why nothing can be written to `path` and what to do, as far as it can be told beforehand; empty
// if it seems that it can.
std::string why_not_writable(const std::string& path);

// Calls `write` with a sink and puts what it wrote into `path` in one step: a temporary file beside
// it, fsync, rename. A link is followed, the permissions of a file that was there stay. Nothing is
// left behind if `write` throws or the program is killed before the end (where the file system has
// unnamed temporary files; elsewhere a kill leaves `path`.PID.part). "-" is standard output. Throws
// InputError if the file cannot be written (folder missing, no right, disk full).
using TextSinkTo = std::function<void(std::string_view)>;
void write_output(const std::string& path, const std::function<void(const TextSinkTo&)>& write);

// The same for a text at hand.
void write_output(const std::string& path, std::string_view text);

}  // namespace reckon

#include "planner/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "planner/spec/problems.hpp"

namespace reckon {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what, int error) {
  throw InputError({{path, 0, 0, "", what + ": " + std::strerror(error)}});
}

// A descriptor that closes itself, and the temporary name it may have.
class Temporary {
 public:
  explicit Temporary(std::string path) : path_(std::move(path)), name_(path_ + ".part") {
    std::string folder = std::filesystem::path(path_).parent_path().string();
    if (folder.empty()) folder = ".";
    descriptor_ = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
    unnamed_ = descriptor_ >= 0;
    if (!unnamed_)
      descriptor_ = ::open(name_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail(path_, "cannot be written", errno);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    ::close(descriptor_);
    if (!done_ && !unnamed_) ::unlink(name_.c_str());
  }

  void append(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(path_, "cannot be written", errno);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void finish() {
    if (::fsync(descriptor_) != 0) fail(path_, "cannot be written", errno);
    if (unnamed_) {
      ::unlink(name_.c_str());
      const std::string self = "/proc/self/fd/" + std::to_string(descriptor_);
      if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
        fail(path_, "cannot be written", errno);
      }
      unnamed_ = false;
    }
    if (::rename(name_.c_str(), path_.c_str()) != 0) fail(path_, "cannot be replaced", errno);
    done_ = true;
  }

 private:
  std::string path_;
  std::string name_;
  int descriptor_ = -1;
  bool unnamed_ = false;
  bool done_ = false;
};

void write_stdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("standard output", "cannot be written", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Devices and pipes (/dev/null, /dev/full, /dev/stdout) are written to, not replaced.
bool is_special(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

void write_special(const std::string& path, const std::function<void(const TextSinkTo&)>& write) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, "cannot be written", errno);
  int error = 0;
  write([&](std::string_view text) {
    while (error == 0 && !text.empty()) {
      const ssize_t written = ::write(descriptor, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        error = errno;
      } else {
        text.remove_prefix(static_cast<std::size_t>(written));
      }
    }
  });
  ::close(descriptor);
  if (error != 0) fail(path, "cannot be written", error);
}

}  // namespace

void write_output(const std::string& path, const std::function<void(const TextSinkTo&)>& write) {
  if (path == "-") {
    write(write_stdout);
    return;
  }
  if (std::filesystem::is_directory(path)) fail(path, "cannot be written", EISDIR);
  if (is_special(path)) {
    write_special(path, write);
    return;
  }
  Temporary file(path);
  write([&file](std::string_view text) { file.append(text); });
  file.finish();
}

void write_output(const std::string& path, std::string_view text) {
  write_output(path, [text](const TextSinkTo& sink) { sink(text); });
}

}  // namespace reckon

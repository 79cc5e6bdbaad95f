// The protobuf wire format, as far as a writer needs it (protobuf.dev, "Encoding").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reckon {

// One message under construction. Fields appear in the order of the calls.
class ProtobufMessage {
 public:
  // Integers, enums and booleans. Negative numbers are the caller's to avoid: ten bytes each.
  void add(std::uint32_t field, std::uint64_t value) {
    add_varint(std::uint64_t{field} << 3);
    add_varint(value);
  }

  // Strings and bytes.
  void add(std::uint32_t field, std::string_view bytes) {
    add_varint((std::uint64_t{field} << 3) | length_delimited);
    add_varint(bytes.size());
    bytes_ += bytes;
  }

  // Another message.
  void add(std::uint32_t field, const ProtobufMessage& message) { add(field, message.bytes()); }

  std::string_view bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }

 private:
  static constexpr std::uint64_t length_delimited = 2;

  void add_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace reckon

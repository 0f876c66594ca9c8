/** A buffer that grows to what was asked of it last; what it held is lost when it grows. */
// @ts-ignore: decorator
@unmanaged
export class Room {
  at: usize;
  size: usize;
}

export function createRoom(): Room {
  const room = changetype<Room>(heap.alloc(offsetof<Room>()));
  room.at = 0;
  room.size = 0;
  return room;
}

export function roomFor(room: Room, size: usize): usize {
  if (room.size < size) {
    if (room.at != 0) heap.free(room.at);
    room.size = size + (size >> 2);
    room.at = heap.alloc(room.size);
  }
  return room.at;
}

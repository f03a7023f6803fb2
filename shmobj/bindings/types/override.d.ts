// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The members that the GJS override adds or changes. make-declarations.py puts them into the
// declarations that ts-for-gir generates.

declare namespace Shm {
    /** A value of a list. */
    type Value = number | bigint | boolean | string | Uint8Array | null;
    /** What a list can store. Safe integers become integers, and other numbers floats. */
    type Storable = Value | ArrayBuffer | GLib.Bytes | undefined;
    /** The values of a new list. */
    type Values = Iterable<Storable> | GLib.Variant;
    /** Bytes that the library copies. */
    type BytesLike = GLib.Bytes | ArrayBuffer | ArrayBufferView | readonly (number | bigint)[];

    /** A type that is not a promise. */
    type NoPromise<T> = T & (T extends PromiseLike<unknown> ? never : unknown);

    interface LockOptions {
        /** Whether other shared locks can be held at the same time. */
        shared?: boolean;
        /** The time to wait in microseconds. Unlimited if it is omitted. */
        timeout?: number | bigint;
        cancellable?: Gio.Cancellable | null;
    }

    namespace ShareableList {
        interface ConstructorProps {
            values: Values;
        }
    }

    namespace Manager {
        interface ConstructorProps {
            authkey: BytesLike | null;
        }
    }

    class SharedMemory {
        /** The memory of the block, without a copy. */
        get buf(): Uint8Array;
        read(offset?: number | bigint, length?: number | bigint): Uint8Array;
        read_async(offset?: number | bigint, length?: number | bigint,
            cancellable?: Gio.Cancellable | null): Promise<Uint8Array>;
        read_finish(result: Gio.AsyncResult): Uint8Array;
        write(offset: number | bigint, bytes: BytesLike): boolean;
        write_async(offset: number | bigint, bytes: BytesLike,
            cancellable?: Gio.Cancellable | null): Promise<boolean>;
        get_int64(offset: number | bigint): number | bigint;
        get_uint64(offset: number | bigint): number | bigint;
        atomic_load_int64(offset: number | bigint): number | bigint;
        atomic_add_int64(offset: number | bigint, value: number | bigint): number | bigint;
        atomic_sub_int64(offset: number | bigint, value: number | bigint): number | bigint;
        atomic_and_int64(offset: number | bigint, value: number | bigint): number | bigint;
        atomic_or_int64(offset: number | bigint, value: number | bigint): number | bigint;
        atomic_xor_int64(offset: number | bigint, value: number | bigint): number | bigint;
        atomic_exchange_int64(offset: number | bigint, value: number | bigint): number | bigint;
        atomic_compare_exchange_int64(offset: number | bigint, expected: number | bigint,
            replacement: number | bigint): number | bigint;
        /** Calls a function while the block is locked. */
        withLock<T>(run: (guard: LockGuard) => NoPromise<T>, options?: LockOptions): T;
        /** Calls a function while the block is locked, and waits for its promise. */
        withLockAsync<T>(run: (guard: LockGuard) => T | PromiseLike<T>,
            options?: LockOptions): Promise<T>;
    }

    class ShareableList {
        static create(values: Values, name?: string | null, flags?: CreateFlags): ShareableList;
        static create_full(values: Values, name?: string | null, mode?: number, flags?: CreateFlags,
            cancellable?: Gio.Cancellable | null): ShareableList;
        static create_async(values: Values, name?: string | null, mode?: number,
            flags?: CreateFlags, cancellable?: Gio.Cancellable | null): Promise<ShareableList>;
        static create_anonymous(values: Values, flags?: CreateFlags): ShareableList;
        static create_anonymous_async(values: Values, flags?: CreateFlags,
            cancellable?: Gio.Cancellable | null): Promise<ShareableList>;
        /** Creates a list of the values of an array, or of any other iterable object. */
        static from(values: Iterable<Storable>, name?: string | null,
            flags?: CreateFlags): ShareableList;
        /** The block that contains the list. */
        get shm(): SharedMemory;
        /** Returns a value. A negative index counts from the end. */
        at(index: number): Value | undefined;
        atAsync(index: number, cancellable?: Gio.Cancellable | null): Promise<Value | undefined>;
        /** Stores a value. A negative index counts from the end. */
        setAt(index: number, value: Storable): void;
        setAtAsync(index: number, value: Storable | GLib.Variant,
            cancellable?: Gio.Cancellable | null): Promise<void>;
        /** Returns copies of all values. */
        toArray(): Value[];
        toArrayAsync(cancellable?: Gio.Cancellable | null): Promise<Value[]>;
        /** Returns the first index of a value, or -1. */
        indexOf(value: unknown): number;
        indexOfAsync(value: unknown, cancellable?: Gio.Cancellable | null): Promise<number>;
        /** Returns whether the list has a value. */
        includes(value: unknown): boolean;
        count(value: unknown): number;
        count_async(value: Storable | GLib.Variant,
            cancellable?: Gio.Cancellable | null): Promise<number>;
        find(value: Storable | GLib.Variant): [boolean, number];
        find_async(value: Storable | GLib.Variant,
            cancellable?: Gio.Cancellable | null): Promise<[boolean, number]>;
        get_int64(index: number | bigint): number | bigint;
        get_value(index: number | bigint): Value;
        get_value_async(index: number | bigint,
            cancellable?: Gio.Cancellable | null): Promise<Value>;
        get_value_finish(result: Gio.AsyncResult): Value;
        set_value(index: number | bigint, value: Storable | GLib.Variant): boolean;
        set_value_async(index: number | bigint, value: Storable | GLib.Variant,
            cancellable?: Gio.Cancellable | null): Promise<boolean>;
        set_text(index: number | bigint, value: BytesLike): boolean;
        set_bytes(index: number | bigint, value: BytesLike): boolean;
        copy_values(): Value[];
        copy_values_async(cancellable?: Gio.Cancellable | null): Promise<Value[]>;
        copy_values_finish(result: Gio.AsyncResult): Value[];
        /** Calls a function while the list is locked. */
        withLock<T>(run: (guard: LockGuard) => NoPromise<T>, options?: LockOptions): T;
        /** Calls a function while the list is locked, and waits for its promise. */
        withLockAsync<T>(run: (guard: LockGuard) => T | PromiseLike<T>,
            options?: LockOptions): Promise<T>;
        [Symbol.iterator](): IterableIterator<Value>;
    }

    class Manager {
        static new(address?: string | null, authkey?: BytesLike | null,
            flags?: ManagerFlags): Manager;
        create_shareable_list(values: Values, name?: string | null, mode?: number,
            flags?: CreateFlags, cancellable?: Gio.Cancellable | null): ShareableList;
        create_shareable_list_async(values: Values, name?: string | null, mode?: number,
            flags?: CreateFlags, cancellable?: Gio.Cancellable | null): Promise<ShareableList>;
    }

    class Frames {
        begin(): number;
        /** Calls a function with the memory of the next frame, and publishes the frame. */
        draw(draw: (frame: Uint8Array) => void): number;
        read(): Uint8Array;
        write(frame: BytesLike): number;
    }

    class Frame {
        /** Copies the frame. */
        toArray(): Uint8Array;
    }

    class ListModel {
        get_item(position: number): ModelItem | null;
        vfunc_get_item(position: number): ModelItem | null;
    }

    class ModelItem {
        get value(): Value;
    }
}

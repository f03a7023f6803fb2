// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Written by ts-for-gir 5.4.0: do not edit. See generate.sh.
declare module 'gi://Shm?version=1.0' {
// Module dependencies
import type Gio from 'gi://Gio?version=2.0';
import type GObject from 'gi://GObject?version=2.0';
import type GLib from 'gi://GLib?version=2.0';
export namespace Shm {
    class Error extends GLib.Error {
        static $gtype: GObject.GType<GLib.Error>;
        // Static fields
        static EXISTS: number;
        static NOT_FOUND: number;
        static INVALID_NAME: number;
        static INVALID_SIZE: number;
        static NO_SPACE: number;
        static PERMISSION_DENIED: number;
        static UNTRUSTED_OWNER: number;
        static CLOSED: number;
        static READ_ONLY: number;
        static OUT_OF_RANGE: number;
        static TYPE_MISMATCH: number;
        static TOO_LARGE: number;
        static VALUE_NOT_FOUND: number;
        static CORRUPT: number;
        static NOT_SUPPORTED: number;
        static TIMED_OUT: number;
        static NOT_STARTED: number;
        static ALREADY_STARTED: number;
        static AUTHENTICATION_FAILED: number;
        static PROTOCOL: number;
        static SERVER_DIED: number;
        static FAILED: number;
        static TOO_MANY_FILES: number;
        static FOLDER_MISSING: number;
        static FOLDER_READ_ONLY: number;
        static REFUSED: number;
        static BAD_DESCRIPTOR: number;
        static MISALIGNED: number;
        // Constructors
        constructor(options: { message: string; code: number });
        // Static methods
        static quark(): GLib.Quark;
    }
    export namespace LockMode {
        export const $gtype: GObject.GType<LockMode>;
    }
    enum LockMode {
        EXCLUSIVE = 0,
        SHARED = 1,
    }
    export namespace ManagerState {
        export const $gtype: GObject.GType<ManagerState>;
    }
    enum ManagerState {
        INITIAL = 0,
        STARTED = 1,
        CONNECTED = 2,
        SHUT_DOWN = 3,
        SERVER_DIED = 4,
    }
    export namespace Origin {
        export const $gtype: GObject.GType<Origin>;
    }
    enum Origin {
        ATTACH = 0,
        CREATE = 1,
        OPEN_OR_CREATE = 2,
        CREATE_ANONYMOUS = 3,
        ATTACH_FD = 4,
    }
    export namespace ValueKind {
        export const $gtype: GObject.GType<ValueKind>;
    }
    enum ValueKind {
        NONE = 0,
        INT64 = 1,
        DOUBLE = 2,
        BOOLEAN = 3,
        STRING = 4,
        BYTES = 5,
    }
    const MAJOR_VERSION: number;
    const MICRO_VERSION: number;
    const MINOR_VERSION: number;
    function begin_program(): boolean;
    function check_version(required_major: number, required_minor: number, required_micro: number): string | null;
    function error_quark(): GLib.Quark;
    function get_major_version(): number;
    function get_micro_version(): number;
    function get_minor_version(): number;
    function join_program(pid: number): boolean;
    function list_blocks(): BlockInfo[];
    function list_blocks_async(cancellable: Gio.Cancellable | null): globalThis.Promise<BlockInfo[]>;
    function list_blocks_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<Gio.Cancellable | null> | null): void;
    function list_blocks_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<Gio.Cancellable | null> | null): globalThis.Promise<BlockInfo[]> | void;
    function list_blocks_finish(result: Gio.AsyncResult): BlockInfo[];
    function list_owned_blocks(): BlockInfo[];
    function list_owned_blocks_async(cancellable: Gio.Cancellable | null): globalThis.Promise<BlockInfo[]>;
    function list_owned_blocks_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<Gio.Cancellable | null> | null): void;
    function list_owned_blocks_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<Gio.Cancellable | null> | null): globalThis.Promise<BlockInfo[]> | void;
    function list_owned_blocks_finish(result: Gio.AsyncResult): BlockInfo[];
    function remove_block(name: string): boolean;
    export namespace AttachFlags {
        export const $gtype: GObject.GType<AttachFlags>;
    }
    enum AttachFlags {
        NONE = 0,
        READ_ONLY = 1,
        ANY_OWNER = 2,
    }
    export namespace CreateFlags {
        export const $gtype: GObject.GType<CreateFlags>;
    }
    enum CreateFlags {
        NONE = 0,
        SPARSE = 1,
        POPULATE = 2,
        UNLINK_ON_CLOSE = 4,
        TRACK = 8,
        HUGE_PAGES = 16,
    }
    export namespace ManagerFlags {
        export const $gtype: GObject.GType<ManagerFlags>;
    }
    enum ManagerFlags {
        NONE = 0,
        REFUSE_MD5 = 1,
        ALLOW_OTHER_USERS = 2,
    }
    export namespace SealFlags {
        export const $gtype: GObject.GType<SealFlags>;
    }
    enum SealFlags {
        NONE = 0,
        SHRINK = 1,
        GROW = 2,
        RESIZE = 3,
        WRITE = 4,
        FUTURE_WRITE = 8,
        SEAL = 16,
    }
    namespace Frames {
        // Signal signatures
        interface SignalSignatures extends GObject.Object.SignalSignatures {
            "notify::frame-size": (pspec: GObject.ParamSpec) => void;
            "notify::n-slots": (pspec: GObject.ParamSpec) => void;
            "notify::shared-memory": (pspec: GObject.ParamSpec) => void;
        }
        // Constructor properties interface
        interface ConstructorProps extends GObject.Object.ConstructorProps {
            frame_size: bigint | number;
            frameSize: bigint | number;
            n_slots: number;
            nSlots: number;
            shared_memory: SharedMemory | null;
            sharedMemory: SharedMemory | null;
        }
    }
    class Frames extends GObject.Object {
        static $gtype: GObject.GType<Frames>;
        // Properties
        get frame_size(): number;
        get frameSize(): number;
        get n_slots(): number;
        get nSlots(): number;
        get shared_memory(): SharedMemory | null;
        get sharedMemory(): SharedMemory | null;
        $signals: Frames.SignalSignatures;
        // Constructors
        constructor(properties?: Partial<Frames.ConstructorProps>, ...args: any[]);
        _init(...args: any[]): void;
        static attach(name: string, flags: AttachFlags): Frames;
        static create(name: string | null, frame_size: bigint | number, n_slots: number, flags: CreateFlags): Frames;
        static create_anonymous(frame_size: bigint | number, n_slots: number, flags: CreateFlags): Frames;
        static create_in(shared_memory: SharedMemory, frame_size: bigint | number, n_slots: number): Frames;
        static new_for_shared_memory(shared_memory: SharedMemory): Frames;
        // Signals
        /** @signal */
        connect<K extends keyof Frames.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, Frames.SignalSignatures[K]>): number;
        /** @signal */
        connect_after<K extends keyof Frames.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, Frames.SignalSignatures[K]>): number;
        /** @signal */
        emit<K extends keyof Frames.SignalSignatures>(signal: K, ...args: GObject.GjsParameters<Frames.SignalSignatures[K]>): void;
        // Static methods
        static get_block_size(frame_size: bigint | number, n_slots: number): number;
        // Methods
        acquire(): Frame;
        begin(): [boolean, number];
        close(): boolean;
        discard(): void;
        get_frame_size(): number;
        get_n_slots(): number;
        get_number(): number;
        get_shared_memory(): SharedMemory | null;
        publish(): number;
        read(): [GLib.Bytes, number];
        wait(seen: bigint | number, timeout: bigint | number, cancellable: Gio.Cancellable | null): number;
        wait_async(seen: bigint | number, timeout: bigint | number, cancellable: Gio.Cancellable | null): globalThis.Promise<number>;
        wait_async(seen: bigint | number, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        wait_async(seen: bigint | number, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<number> | void;
        wait_finish(result: Gio.AsyncResult): number;
        write(frame: GLib.Bytes | Uint8Array): number;
    }
    namespace ListModel {
        // Signal signatures
        interface SignalSignatures extends GObject.Object.SignalSignatures, Gio.ListModel.SignalSignatures {
            "notify::error": (pspec: GObject.ParamSpec) => void;
            "notify::interval": (pspec: GObject.ParamSpec) => void;
            "notify::list": (pspec: GObject.ParamSpec) => void;
        }
        // Constructor properties interface
        interface ConstructorProps<A extends GObject.Object = GObject.Object> extends GObject.Object.ConstructorProps, Gio.ListModel.ConstructorProps {
            error: GLib.Error | null;
            interval: bigint | number;
            list: ShareableList | null;
        }
    }
    class ListModel<A extends GObject.Object = GObject.Object> extends GObject.Object implements Gio.ListModel<A> {
        static $gtype: GObject.GType<ListModel>;
        // Properties
        get error(): GLib.Error | null;
        get interval(): number;
        set interval(val: bigint | number);
        get list(): ShareableList | null;
        $signals: ListModel.SignalSignatures;
        // Constructors
        constructor(properties?: Partial<ListModel.ConstructorProps>, ...args: any[]);
        _init(...args: any[]): void;
        // Signals
        /** @signal */
        connect<K extends keyof ListModel.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, ListModel.SignalSignatures[K]>): number;
        /** @signal */
        connect_after<K extends keyof ListModel.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, ListModel.SignalSignatures[K]>): number;
        /** @signal */
        emit<K extends keyof ListModel.SignalSignatures>(signal: K, ...args: GObject.GjsParameters<ListModel.SignalSignatures[K]>): void;
        // Methods
        get_error(): GLib.Error | null;
        get_interval(): number;
        get_list(): ShareableList | null;
        refresh(): boolean;
        set_interval(interval: bigint | number): void;
        get_item_type(): GObject.GType;
        get_n_items(): number;
        get_item(position: number): A | null;
        items_changed(position: number, removed: number, added: number): void;
        vfunc_get_item(position: number): A | null;
        vfunc_get_item_type(): GObject.GType;
        vfunc_get_n_items(): number;
    }
    namespace Manager {
        // Signal signatures
        interface SignalSignatures extends GObject.Object.SignalSignatures {
            /** @signal */
            "block-removed": (name: string) => void;
            /** @signal */
            "block-tracked": (name: string) => void;
            /** @signal */
            "server-exited": () => void;
            "notify::address": (pspec: GObject.ParamSpec) => void;
            "notify::authkey": (pspec: GObject.ParamSpec) => void;
            "notify::flags": (pspec: GObject.ParamSpec) => void;
            "notify::pid": (pspec: GObject.ParamSpec) => void;
            "notify::state": (pspec: GObject.ParamSpec) => void;
        }
        // Constructor properties interface
        interface ConstructorProps extends GObject.Object.ConstructorProps {
            address: string | null;
            authkey: GLib.Bytes | Uint8Array | null;
            flags: ManagerFlags;
            pid: number;
            state: ManagerState;
        }
    }
    class Manager extends GObject.Object {
        static $gtype: GObject.GType<Manager>;
        // Properties
        get address(): string | null;
        get authkey(): GLib.Bytes | null;
        get flags(): ManagerFlags;
        get pid(): number;
        get state(): ManagerState;
        $signals: Manager.SignalSignatures;
        // Constructors
        constructor(properties?: Partial<Manager.ConstructorProps>, ...args: any[]);
        _init(...args: any[]): void;
        static ["new"](address: string | null, authkey: GLib.Bytes | Uint8Array | null, flags: ManagerFlags): Manager;
        // Signals
        /** @signal */
        connect<K extends keyof Manager.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, Manager.SignalSignatures[K]>): number;
        /** @signal */
        connect_after<K extends keyof Manager.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, Manager.SignalSignatures[K]>): number;
        /** @signal */
        emit<K extends keyof Manager.SignalSignatures>(signal: K, ...args: GObject.GjsParameters<Manager.SignalSignatures[K]>): void;
        // Static methods
        static remove_leftovers(): [boolean, number];
        static remove_leftovers_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<Manager> | null): void;
        static remove_leftovers_finish(result: Gio.AsyncResult): [boolean, number];
        // Methods
        connect_to_server(cancellable: Gio.Cancellable | null): boolean;
        connect_to_server_async(cancellable: Gio.Cancellable | null): globalThis.Promise<boolean>;
        connect_to_server_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        connect_to_server_async(cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<boolean> | void;
        connect_to_server_finish(result: Gio.AsyncResult): boolean;
        create_shareable_list(values: GLib.Variant, name: string | null, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null): ShareableList;
        create_shareable_list_async(values: GLib.Variant, name: string | null, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null): globalThis.Promise<ShareableList>;
        create_shareable_list_async(values: GLib.Variant, name: string | null, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        create_shareable_list_async(values: GLib.Variant, name: string | null, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<ShareableList> | void;
        create_shareable_list_finish(result: Gio.AsyncResult): ShareableList;
        create_shared_memory(name: string | null, size: bigint | number, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null): SharedMemory;
        create_shared_memory_async(name: string | null, size: bigint | number, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null): globalThis.Promise<SharedMemory>;
        create_shared_memory_async(name: string | null, size: bigint | number, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        create_shared_memory_async(name: string | null, size: bigint | number, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<SharedMemory> | void;
        create_shared_memory_finish(result: Gio.AsyncResult): SharedMemory;
        get_address(): string | null;
        get_authkey(): GLib.Bytes | null;
        get_flags(): ManagerFlags;
        get_pid(): number;
        get_state(): ManagerState;
        list_blocks(cancellable: Gio.Cancellable | null): string[];
        list_blocks_async(cancellable: Gio.Cancellable | null): globalThis.Promise<string[]>;
        list_blocks_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        list_blocks_async(cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<string[]> | void;
        list_blocks_finish(result: Gio.AsyncResult): string[];
        remove(name: string, cancellable: Gio.Cancellable | null): boolean;
        remove_async(name: string, cancellable: Gio.Cancellable | null): globalThis.Promise<boolean>;
        remove_async(name: string, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        remove_async(name: string, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<boolean> | void;
        remove_finish(result: Gio.AsyncResult): boolean;
        shutdown(cancellable: Gio.Cancellable | null): boolean;
        shutdown_async(cancellable: Gio.Cancellable | null): globalThis.Promise<boolean>;
        shutdown_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        shutdown_async(cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<boolean> | void;
        shutdown_finish(result: Gio.AsyncResult): boolean;
        start(cancellable: Gio.Cancellable | null): boolean;
        start_async(cancellable: Gio.Cancellable | null): globalThis.Promise<boolean>;
        start_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        start_async(cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<boolean> | void;
        start_finish(result: Gio.AsyncResult): boolean;
        track(name: string, cancellable: Gio.Cancellable | null): boolean;
        track_async(name: string, cancellable: Gio.Cancellable | null): globalThis.Promise<boolean>;
        track_async(name: string, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        track_async(name: string, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<boolean> | void;
        track_finish(result: Gio.AsyncResult): boolean;
    }
    namespace ModelItem {
        // Signal signatures
        interface SignalSignatures extends GObject.Object.SignalSignatures {
            "notify::index": (pspec: GObject.ParamSpec) => void;
            "notify::text": (pspec: GObject.ParamSpec) => void;
            "notify::value": (pspec: GObject.ParamSpec) => void;
        }
        // Constructor properties interface
        interface ConstructorProps extends GObject.Object.ConstructorProps {
            index: bigint | number;
            text: string;
            value: GLib.Variant | null;
        }
    }
    class ModelItem extends GObject.Object {
        static $gtype: GObject.GType<ModelItem>;
        // Properties
        get index(): number;
        get text(): string;
        get value(): GLib.Variant | null;
        $signals: ModelItem.SignalSignatures;
        // Constructors
        constructor(properties?: Partial<ModelItem.ConstructorProps>, ...args: any[]);
        _init(...args: any[]): void;
        // Signals
        /** @signal */
        connect<K extends keyof ModelItem.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, ModelItem.SignalSignatures[K]>): number;
        /** @signal */
        connect_after<K extends keyof ModelItem.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, ModelItem.SignalSignatures[K]>): number;
        /** @signal */
        emit<K extends keyof ModelItem.SignalSignatures>(signal: K, ...args: GObject.GjsParameters<ModelItem.SignalSignatures[K]>): void;
        // Methods
        get_index(): number;
        get_text(): string;
        get_value(): GLib.Variant | null;
    }
    namespace ShareableList {
        // Signal signatures
        interface SignalSignatures extends GObject.Object.SignalSignatures {
            "notify::attach-flags": (pspec: GObject.ParamSpec) => void;
            "notify::create-flags": (pspec: GObject.ParamSpec) => void;
            "notify::length": (pspec: GObject.ParamSpec) => void;
            "notify::mode": (pspec: GObject.ParamSpec) => void;
            "notify::name": (pspec: GObject.ParamSpec) => void;
            "notify::shared-memory": (pspec: GObject.ParamSpec) => void;
            "notify::values": (pspec: GObject.ParamSpec) => void;
        }
        // Constructor properties interface
        interface ConstructorProps extends GObject.Object.ConstructorProps, Gio.Initable.ConstructorProps {
            attach_flags: AttachFlags;
            attachFlags: AttachFlags;
            create_flags: CreateFlags;
            createFlags: CreateFlags;
            length: bigint | number;
            mode: number;
            name: string;
            shared_memory: SharedMemory;
            sharedMemory: SharedMemory;
            values: GLib.Variant;
        }
    }
    class ShareableList extends GObject.Object implements Gio.Initable {
        static $gtype: GObject.GType<ShareableList>;
        // Properties
        get attach_flags(): AttachFlags;
        get attachFlags(): AttachFlags;
        get create_flags(): CreateFlags;
        get createFlags(): CreateFlags;
        get length(): number;
        get mode(): number;
        get name(): string;
        get shared_memory(): SharedMemory;
        get sharedMemory(): SharedMemory;
        set values(val: GLib.Variant);
        $signals: ShareableList.SignalSignatures;
        // Constructors
        constructor(properties?: Partial<ShareableList.ConstructorProps>, ...args: any[]);
        _init(...args: any[]): void;
        static attach(name: string, flags: AttachFlags): ShareableList;
        static attach_finish(result: Gio.AsyncResult): ShareableList;
        static create(values: GLib.Variant, name: string | null, flags: CreateFlags): ShareableList;
        static create_anonymous(values: GLib.Variant, flags: CreateFlags): ShareableList;
        static create_anonymous_finish(result: Gio.AsyncResult): ShareableList;
        static create_finish(result: Gio.AsyncResult): ShareableList;
        static create_full(values: GLib.Variant, name: string | null, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null): ShareableList;
        static new_for_shared_memory(shared_memory: SharedMemory): ShareableList;
        static new_for_shared_memory_finish(result: Gio.AsyncResult): ShareableList;
        // Signals
        /** @signal */
        connect<K extends keyof ShareableList.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, ShareableList.SignalSignatures[K]>): number;
        /** @signal */
        connect_after<K extends keyof ShareableList.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, ShareableList.SignalSignatures[K]>): number;
        /** @signal */
        emit<K extends keyof ShareableList.SignalSignatures>(signal: K, ...args: GObject.GjsParameters<ShareableList.SignalSignatures[K]>): void;
        // Static methods
        static attach_async(name: string, flags: AttachFlags, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<ShareableList> | null): void;
        static create_anonymous_async(values: GLib.Variant, flags: CreateFlags, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<ShareableList> | null): void;
        static create_async(values: GLib.Variant, name: string | null, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<ShareableList> | null): void;
        static new_for_shared_memory_async(shared_memory: SharedMemory, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<ShareableList> | null): void;
        // Methods
        copy_values(): GLib.Variant;
        copy_values_async(cancellable: Gio.Cancellable | null): globalThis.Promise<GLib.Variant>;
        copy_values_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        copy_values_async(cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<GLib.Variant> | void;
        copy_values_finish(result: Gio.AsyncResult): GLib.Variant;
        count(value: GLib.Variant): number;
        count_async(value: GLib.Variant, cancellable: Gio.Cancellable | null): globalThis.Promise<number>;
        count_async(value: GLib.Variant, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        count_async(value: GLib.Variant, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<number> | void;
        count_finish(result: Gio.AsyncResult): number;
        find(value: GLib.Variant): [boolean, number];
        find_async(value: GLib.Variant, cancellable: Gio.Cancellable | null): globalThis.Promise<number>;
        find_async(value: GLib.Variant, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        find_async(value: GLib.Variant, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<number> | void;
        find_finish(result: Gio.AsyncResult): [boolean, number];
        get_boolean(index: bigint | number): boolean;
        get_bytes(index: bigint | number): GLib.Bytes;
        get_double(index: bigint | number): number;
        get_format(): string;
        get_format_async(cancellable: Gio.Cancellable | null): globalThis.Promise<string>;
        get_format_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        get_format_async(cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<string> | void;
        get_format_finish(result: Gio.AsyncResult): string;
        get_int64(index: bigint | number): number;
        get_length(): number;
        get_model(): ListModel;
        get_shared_memory(): SharedMemory;
        get_string(index: bigint | number): string;
        get_text(index: bigint | number): GLib.Bytes;
        get_value(index: bigint | number): GLib.Variant;
        get_value_async(index: bigint | number, cancellable: Gio.Cancellable | null): globalThis.Promise<GLib.Variant>;
        get_value_async(index: bigint | number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        get_value_async(index: bigint | number, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<GLib.Variant> | void;
        get_value_finish(result: Gio.AsyncResult): GLib.Variant;
        get_value_kind(index: bigint | number): ValueKind;
        lock(mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null): LockGuard;
        lock_async(mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null): globalThis.Promise<LockGuard>;
        lock_async(mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        lock_async(mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<LockGuard> | void;
        lock_finish(result: Gio.AsyncResult): LockGuard;
        set_boolean(index: bigint | number, value: boolean): boolean;
        set_bytes(index: bigint | number, value: GLib.Bytes | Uint8Array): boolean;
        set_double(index: bigint | number, value: number): boolean;
        set_int64(index: bigint | number, value: bigint | number): boolean;
        set_none(index: bigint | number): boolean;
        set_string(index: bigint | number, value: string): boolean;
        set_text(index: bigint | number, value: GLib.Bytes | Uint8Array): boolean;
        set_value(index: bigint | number, value: GLib.Variant): boolean;
        set_value_async(index: bigint | number, value: GLib.Variant, cancellable: Gio.Cancellable | null): globalThis.Promise<boolean>;
        set_value_async(index: bigint | number, value: GLib.Variant, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        set_value_async(index: bigint | number, value: GLib.Variant, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<boolean> | void;
        set_value_finish(result: Gio.AsyncResult): boolean;
        init(cancellable: Gio.Cancellable | null): boolean;
        vfunc_init(cancellable: Gio.Cancellable | null): boolean;
    }
    namespace SharedMemory {
        // Signal signatures
        interface SignalSignatures extends GObject.Object.SignalSignatures {
            /** @signal */
            closed: () => void;
            /** @signal */
            unlinked: () => void;
            "notify::attach-flags": (pspec: GObject.ParamSpec) => void;
            "notify::create-flags": (pspec: GObject.ParamSpec) => void;
            "notify::fd": (pspec: GObject.ParamSpec) => void;
            "notify::is-closed": (pspec: GObject.ParamSpec) => void;
            "notify::is-creator": (pspec: GObject.ParamSpec) => void;
            "notify::is-unlinked": (pspec: GObject.ParamSpec) => void;
            "notify::mode": (pspec: GObject.ParamSpec) => void;
            "notify::name": (pspec: GObject.ParamSpec) => void;
            "notify::origin": (pspec: GObject.ParamSpec) => void;
            "notify::read-only": (pspec: GObject.ParamSpec) => void;
            "notify::size": (pspec: GObject.ParamSpec) => void;
            "notify::source-fd": (pspec: GObject.ParamSpec) => void;
        }
        // Constructor properties interface
        interface ConstructorProps extends GObject.Object.ConstructorProps, Gio.Initable.ConstructorProps {
            attach_flags: AttachFlags;
            attachFlags: AttachFlags;
            create_flags: CreateFlags;
            createFlags: CreateFlags;
            fd: number;
            is_closed: boolean;
            isClosed: boolean;
            is_creator: boolean;
            isCreator: boolean;
            is_unlinked: boolean;
            isUnlinked: boolean;
            mode: number;
            name: string | null;
            origin: Origin;
            read_only: boolean;
            readOnly: boolean;
            size: bigint | number;
            source_fd: number;
            sourceFd: number;
        }
    }
    class SharedMemory extends GObject.Object implements Gio.Initable {
        static $gtype: GObject.GType<SharedMemory>;
        // Properties
        get attach_flags(): AttachFlags;
        get attachFlags(): AttachFlags;
        get create_flags(): CreateFlags;
        get createFlags(): CreateFlags;
        get fd(): number;
        get is_closed(): boolean;
        get isClosed(): boolean;
        get is_creator(): boolean;
        get isCreator(): boolean;
        get is_unlinked(): boolean;
        get isUnlinked(): boolean;
        get mode(): number;
        get name(): string | null;
        get origin(): Origin;
        get read_only(): boolean;
        get readOnly(): boolean;
        get size(): number;
        get source_fd(): number;
        get sourceFd(): number;
        $signals: SharedMemory.SignalSignatures;
        // Constructors
        constructor(properties?: Partial<SharedMemory.ConstructorProps>, ...args: any[]);
        _init(...args: any[]): void;
        static attach(name: string, flags: AttachFlags): SharedMemory;
        static attach_fd(fd: number, flags: AttachFlags): SharedMemory;
        static attach_finish(result: Gio.AsyncResult): SharedMemory;
        static create(name: string | null, size: bigint | number, flags: CreateFlags): SharedMemory;
        static create_anonymous(size: bigint | number, flags: CreateFlags): SharedMemory;
        static create_anonymous_finish(result: Gio.AsyncResult): SharedMemory;
        static create_finish(result: Gio.AsyncResult): SharedMemory;
        static create_full(name: string | null, size: bigint | number, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null): SharedMemory;
        static open_or_create(name: string, size: bigint | number, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null): SharedMemory;
        static open_or_create_finish(result: Gio.AsyncResult): SharedMemory;
        // Signals
        /** @signal */
        connect<K extends keyof SharedMemory.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, SharedMemory.SignalSignatures[K]>): number;
        /** @signal */
        connect_after<K extends keyof SharedMemory.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, SharedMemory.SignalSignatures[K]>): number;
        /** @signal */
        emit<K extends keyof SharedMemory.SignalSignatures>(signal: K, ...args: GObject.GjsParameters<SharedMemory.SignalSignatures[K]>): void;
        // Static methods
        static attach_async(name: string, flags: AttachFlags, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<SharedMemory> | null): void;
        static create_anonymous_async(size: bigint | number, flags: CreateFlags, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<SharedMemory> | null): void;
        static create_async(name: string | null, size: bigint | number, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<SharedMemory> | null): void;
        static open_or_create_async(name: string, size: bigint | number, mode: number, flags: CreateFlags, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<SharedMemory> | null): void;
        // Methods
        atomic_add_int32(offset: bigint | number, value: number): number;
        atomic_add_int64(offset: bigint | number, value: bigint | number): number;
        atomic_and_int32(offset: bigint | number, value: number): number;
        atomic_and_int64(offset: bigint | number, value: bigint | number): number;
        atomic_compare_exchange_int32(offset: bigint | number, expected: number, replacement: number): number;
        atomic_compare_exchange_int64(offset: bigint | number, expected: bigint | number, replacement: bigint | number): number;
        atomic_exchange_int32(offset: bigint | number, value: number): number;
        atomic_exchange_int64(offset: bigint | number, value: bigint | number): number;
        atomic_load_int32(offset: bigint | number): number;
        atomic_load_int64(offset: bigint | number): number;
        atomic_or_int32(offset: bigint | number, value: number): number;
        atomic_or_int64(offset: bigint | number, value: bigint | number): number;
        atomic_store_int32(offset: bigint | number, value: number): boolean;
        atomic_store_int64(offset: bigint | number, value: bigint | number): boolean;
        atomic_sub_int32(offset: bigint | number, value: number): number;
        atomic_sub_int64(offset: bigint | number, value: bigint | number): number;
        atomic_xor_int32(offset: bigint | number, value: number): number;
        atomic_xor_int64(offset: bigint | number, value: bigint | number): number;
        close(): boolean;
        create_event_source(offset: bigint | number, seen: number, cancellable: Gio.Cancellable | null): GLib.Source;
        create_wait_source(offset: bigint | number, expected: number, cancellable: Gio.Cancellable | null): GLib.Source;
        dup_fd(): number;
        event_advance(offset: bigint | number): number;
        event_get(offset: bigint | number): number;
        event_wait(offset: bigint | number, seen: number, timeout: bigint | number, cancellable: Gio.Cancellable | null): number;
        event_wait_async(offset: bigint | number, seen: number, timeout: bigint | number, cancellable: Gio.Cancellable | null): globalThis.Promise<number>;
        event_wait_async(offset: bigint | number, seen: number, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        event_wait_async(offset: bigint | number, seen: number, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<number> | void;
        event_wait_finish(result: Gio.AsyncResult): number;
        get_double(offset: bigint | number): number;
        get_fd(): number;
        get_float(offset: bigint | number): number;
        get_int16(offset: bigint | number): number;
        get_int32(offset: bigint | number): number;
        get_int64(offset: bigint | number): number;
        get_int8(offset: bigint | number): number;
        get_live_bytes(): GLib.Bytes;
        get_live_region(offset: bigint | number, length: bigint | number): GLib.Bytes;
        get_mode(): number;
        get_name(): string | null;
        get_origin(): Origin;
        get_owner_uid(): number;
        get_seals(): SealFlags;
        get_size(): number;
        get_uint16(offset: bigint | number): number;
        get_uint32(offset: bigint | number): number;
        get_uint64(offset: bigint | number): number;
        get_uint8(offset: bigint | number): number;
        is_read_only(): boolean;
        lock(mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null): LockGuard;
        lock_async(mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null): globalThis.Promise<LockGuard>;
        lock_async(mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        lock_async(mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<LockGuard> | void;
        lock_finish(result: Gio.AsyncResult): LockGuard;
        lock_range(offset: bigint | number, length: bigint | number, mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null): LockGuard;
        lock_range_async(offset: bigint | number, length: bigint | number, mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null): globalThis.Promise<LockGuard>;
        lock_range_async(offset: bigint | number, length: bigint | number, mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        lock_range_async(offset: bigint | number, length: bigint | number, mode: LockMode, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<LockGuard> | void;
        lock_range_finish(result: Gio.AsyncResult): LockGuard;
        map(): boolean;
        read(offset: bigint | number, length: bigint | number): GLib.Bytes;
        read_async(offset: bigint | number, length: bigint | number, cancellable: Gio.Cancellable | null): globalThis.Promise<GLib.Bytes>;
        read_async(offset: bigint | number, length: bigint | number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        read_async(offset: bigint | number, length: bigint | number, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<GLib.Bytes> | void;
        read_finish(result: Gio.AsyncResult): GLib.Bytes;
        seal(flags: SealFlags): boolean;
        seal_async(flags: SealFlags, cancellable: Gio.Cancellable | null): globalThis.Promise<boolean>;
        seal_async(flags: SealFlags, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        seal_async(flags: SealFlags, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<boolean> | void;
        seal_finish(result: Gio.AsyncResult): boolean;
        set_double(offset: bigint | number, value: number): boolean;
        set_float(offset: bigint | number, value: number): boolean;
        set_int16(offset: bigint | number, value: number): boolean;
        set_int32(offset: bigint | number, value: number): boolean;
        set_int64(offset: bigint | number, value: bigint | number): boolean;
        set_int8(offset: bigint | number, value: number): boolean;
        set_uint16(offset: bigint | number, value: number): boolean;
        set_uint32(offset: bigint | number, value: number): boolean;
        set_uint64(offset: bigint | number, value: bigint | number): boolean;
        set_uint8(offset: bigint | number, value: number): boolean;
        unlink(): boolean;
        untrack(): void;
        unwatch(): void;
        wait(offset: bigint | number, expected: number, timeout: bigint | number, cancellable: Gio.Cancellable | null): boolean;
        wait_async(offset: bigint | number, expected: number, timeout: bigint | number, cancellable: Gio.Cancellable | null): globalThis.Promise<boolean>;
        wait_async(offset: bigint | number, expected: number, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        wait_async(offset: bigint | number, expected: number, timeout: bigint | number, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<boolean> | void;
        wait_finish(result: Gio.AsyncResult): boolean;
        wake(offset: bigint | number, count: number): number;
        watch(): boolean;
        write(offset: bigint | number, bytes: GLib.Bytes | Uint8Array): boolean;
        write_async(offset: bigint | number, bytes: GLib.Bytes | Uint8Array, cancellable: Gio.Cancellable | null): globalThis.Promise<boolean>;
        write_async(offset: bigint | number, bytes: GLib.Bytes | Uint8Array, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this> | null): void;
        write_async(offset: bigint | number, bytes: GLib.Bytes | Uint8Array, cancellable: Gio.Cancellable | null, callback?: Gio.AsyncReadyCallback<this> | null): globalThis.Promise<boolean> | void;
        write_finish(result: Gio.AsyncResult): boolean;
        init(cancellable: Gio.Cancellable | null): boolean;
        vfunc_init(cancellable: Gio.Cancellable | null): boolean;
    }
    namespace Waker {
        // Signal signatures
        interface SignalSignatures extends GObject.Object.SignalSignatures {}
        // Constructor properties interface
        interface ConstructorProps extends GObject.Object.ConstructorProps {}
    }
    class Waker extends GObject.Object {
        static $gtype: GObject.GType<Waker>;
        $signals: Waker.SignalSignatures;
        // Constructors
        constructor(properties?: Partial<Waker.ConstructorProps>, ...args: any[]);
        _init(...args: any[]): void;
        static ["new"](): Waker;
        // Signals
        /** @signal */
        connect<K extends keyof Waker.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, Waker.SignalSignatures[K]>): number;
        /** @signal */
        connect_after<K extends keyof Waker.SignalSignatures>(signal: K, callback: GObject.SignalCallback<this, Waker.SignalSignatures[K]>): number;
        /** @signal */
        emit<K extends keyof Waker.SignalSignatures>(signal: K, ...args: GObject.GjsParameters<Waker.SignalSignatures[K]>): void;
        // Methods
        dispatch(): void;
        get_context(): GLib.MainContext;
        get_fd(): number;
    }
    class BlockInfo {
        static $gtype: GObject.GType<BlockInfo>;
        // Fields
        name: string;
        size: number;
        owner_uid: number;
        mode: number;
        // Methods
        copy(): BlockInfo;
        free(): void;
        get_manager_address(): string | null;
        get_mode(): number;
        get_name(): string;
        get_owner_uid(): number;
        get_size(): number;
        is_leftover(): boolean;
    }
    class Frame {
        static $gtype: GObject.GType<Frame>;
        // Methods
        get_frames(): Frames;
        get_live_bytes(): GLib.Bytes;
        get_number(): number;
        get_offset(): number;
        ref(): Frame;
        release(): void;
        unref(): void;
    }
    type FramesClass = typeof Frames;
    type ListModelClass = typeof ListModel;
    class LockGuard {
        static $gtype: GObject.GType<LockGuard>;
        // Methods
        get_previous_died(): boolean;
        is_held(): boolean;
        ref(): LockGuard;
        release(): boolean;
        unref(): void;
    }
    type ManagerClass = typeof Manager;
    type ModelItemClass = typeof ModelItem;
    type ShareableListClass = typeof ShareableList;
    type SharedMemoryClass = typeof SharedMemory;
    type WakerClass = typeof Waker;
    const __name__: string;
    const __version__: string;
}
export default Shm;
}
declare module 'gi://Shm' {
    import Shm10 from 'gi://Shm?version=1.0';
    export default Shm10;
}
// END

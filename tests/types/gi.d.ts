// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the declarations of shmobj and the sample need of GJS. The npm packages @girs/gjs and
// @girs/gio-2.0 contain all of it.

declare module 'gi://GObject?version=2.0' {
    namespace GObject {
        type GType<T = unknown> = {name: string} & {__type__?: T};
        type SignalCallback<Emitter, Callback> = Callback extends (...args: infer A) => infer R
            ? (source: Emitter, ...args: A) => R : never;
        type GjsParameters<T extends (...args: any) => any> = T extends (...args: infer P) => any
            ? P : never;
        interface ParamSpec {
            name: string;
        }
        namespace Object {
            interface SignalSignatures {
                notify: (pspec: ParamSpec) => void;
            }
            interface ConstructorProps {}
        }
        class Object {
            connect(signal: string, callback: (...args: any[]) => unknown): number;
            disconnect(id: number): void;
        }
    }
    export default GObject;
}

declare module 'gi://GLib?version=2.0' {
    namespace GLib {
        type Quark = number;
        class Error {
            message: string;
            code: number;
            matches(domain: unknown, code: number): boolean;
        }
        class Bytes {
            constructor(data?: Uint8Array | null);
            toArray(): Uint8Array;
        }
        class Variant {
            constructor(type: string, value: unknown);
        }
        class Source {
            attach(context: MainContext | null): number;
            set_callback(callback: () => boolean): void;
        }
        class MainContext {
            static default(): MainContext;
            iteration(may_block: boolean): boolean;
        }
    }
    export default GLib;
}

declare module 'gi://GLib' {
    import GLib from 'gi://GLib?version=2.0';
    export default GLib;
}

declare module 'gi://Gio?version=2.0' {
    import type GObject from 'gi://GObject?version=2.0';

    namespace Gio {
        interface AsyncResult {
            get_source_object(): GObject.Object | null;
        }
        type AsyncReadyCallback<T> = (source: T | null, result: AsyncResult) => void;
        class Cancellable extends GObject.Object {
            static new(): Cancellable;
            cancel(): void;
        }
        namespace Initable {
            interface ConstructorProps {}
        }
        interface Initable {
            init(cancellable: Cancellable | null): boolean;
        }
        namespace ListModel {
            interface SignalSignatures {
                'items-changed': (position: number, removed: number, added: number) => void;
            }
            interface ConstructorProps {}
        }
        interface ListModel<A> {
            get_item(position: number): A | null;
            get_n_items(): number;
        }
    }
    export default Gio;
}

declare module 'gi://Gio' {
    import Gio from 'gi://Gio?version=2.0';
    export default Gio;
}

interface GjsGiImports {
    versions: {[namespace: string]: string};
}

declare const imports: {gi: GjsGiImports};
declare function print(...values: unknown[]): void;

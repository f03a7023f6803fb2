# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Translates a litmus test in C to the instructions of a processor, as GCC translates the atomic
operations. Supports the statements that the litmus tests in this folder have."""

import re

PROCESS = re.compile(r'^P(\d+) \(([^)]*)\)\n\{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


class AArch64:
    """ARM, 64 bits. The exchange is the sequence for processors without LSE."""

    name = 'AArch64'
    model = 'aarch64.cat'
    register = 'X{}'
    loads = {'relaxed': ['LDR W{to},[X{at}]'], 'acquire': ['LDAR W{to},[X{at}]']}
    stores = {'relaxed': ['STR W{value},[X{at}]'], 'release': ['STLR W{value},[X{at}]']}
    fences = {'acquire': ['DMB ISHLD'], 'release': ['DMB ISH'], 'seq_cst': ['DMB ISH']}
    constant = ['MOV W{to},#{number}']
    exchange = ['LDAXR W{old},[X{at}]', 'STLXR W{failed},W{value},[X{at}]', 'CBNZ W{failed},{end}',
                'MOV W{to},W{old}']
    branch_unless = ['CMP W{register},#{number}', 'B.NE {label}']
    jump = ['B {label}']


class PPC:
    """POWER. The exchange has the comparison of a compare-and-exchange, on which `isync` relies."""

    name = 'PPC'
    model = 'ppc.cat'
    register = 'r{}'
    loads = {'relaxed': ['lwz r{to},0(r{at})'],
             'acquire': ['lwz r{to},0(r{at})', 'cmpw r{to},r{to}', 'beq {next}', '{next}:', 'isync']}
    stores = {'relaxed': ['stw r{value},0(r{at})'], 'release': ['lwsync', 'stw r{value},0(r{at})']}
    fences = {'acquire': ['lwsync'], 'release': ['lwsync'], 'seq_cst': ['sync']}
    constant = ['li r{to},{number}']
    exchange = ['lwsync', 'lwarx r{old},r0,r{at}', 'cmpw r{old},r{old}', 'bne {end}',
                'stwcx. r{value},r0,r{at}', 'bne {end}', 'isync', 'mr r{to},r{old}']
    branch_unless = ['cmpwi r{register},{number}', 'bne {label}']
    jump = ['b {label}']


class Process:
    """The translation of one process."""

    def __init__(self, processor, number, parameters, body):
        self.processor = processor
        self.number = number
        self.addresses = {name: 1 + i for i, name in enumerate(re.findall(r'\*(\w+)', parameters))}
        self.variables = {}
        self.first_values = {}
        self.lines = []
        self.labels = 0
        self.end = f'E{number}'
        self.blocks = []  # the labels of the ends of the blocks that are open
        for statement in re.findall(r'if \([^{}]*?\)$|else$|[{}]|[^;{}\n]+;',
                                    re.sub(r'//.*', '', body), re.MULTILINE):
            self.translate(statement.strip())
        self.lines.append(self.end + ':')

    def emit(self, template, **values):
        following = self.new_label() if any('{next}' in line for line in template) else None
        self.lines += [line.format(next=following, end=self.end, **values) for line in template]

    def new_label(self):
        self.labels += 1
        return f'L{self.number}{self.labels}'

    def get_variable(self, name):
        """Returns the register of a variable. A new variable gets a new register with the value 9,
        which no test stores: an exchange that fails leaves this value."""
        register = self.variables.setdefault(name, 8 + len(self.variables))
        self.first_values.setdefault(register, 9)
        return register

    def load_value(self, text):
        """Returns a register with the value of a constant or a variable."""
        if text in self.variables:
            return self.variables[text]
        self.emit(self.processor.constant, to=20, number=text)
        return 20

    def translate(self, statement):
        processor = self.processor
        statement = statement.removeprefix('int ').removesuffix(';')
        target, _, source = statement.rpartition(' = ')
        call, _, arguments = source.partition(' (')
        arguments = arguments.removesuffix(')').split(', ')
        order = arguments[-1].removeprefix('memory_order_')
        if statement.startswith('if '):
            name, number = re.fullmatch(r'if \((\w+) == (\d+)\)', statement).groups()
            self.blocks.append(self.new_label())
            self.emit(processor.branch_unless, register=self.variables[name], number=number,
                      label=self.blocks[-1])
        elif statement == 'else':
            otherwise = self.closed
            self.lines.remove(otherwise + ':')
            self.blocks.append(self.new_label())
            self.emit(processor.jump, label=self.blocks[-1])
            self.lines.append(otherwise + ':')
        elif statement == '}':
            self.closed = self.blocks.pop()
            self.lines.append(self.closed + ':')
        elif statement == '{':
            pass
        elif call == 'atomic_load_explicit':
            self.emit(processor.loads[order], to=self.get_variable(target),
                      at=self.addresses[arguments[0]])
        elif call == 'atomic_store_explicit':
            value = self.load_value(arguments[1])
            self.emit(processor.stores[order], value=value, at=self.addresses[arguments[0]])
        elif call == 'atomic_exchange_explicit':
            assert order == 'acq_rel'
            value = self.load_value(arguments[1])
            self.emit(processor.exchange, to=self.get_variable(target), old=21, failed=22,
                      value=value, at=self.addresses[arguments[0]])
        elif call == 'atomic_thread_fence':
            self.emit(processor.fences[order])
        else:
            self.first_values[self.get_variable(target)] = int(source)


def translate(text, processor):
    """Returns the litmus test `text` for a processor."""
    name = re.match(r'C ([\w-]+)', text)[1]
    memory = re.search(r'^\{ (.*) \}$', text, re.MULTILINE)[1]
    condition = re.search(r'^exists .*', text, re.MULTILINE | re.DOTALL)[0]
    processes = [Process(processor, *match) for match in PROCESS.findall(text)]
    first_values = []

    for process in processes:
        registers = {**{register: variable for variable, register in process.addresses.items()},
                     **process.first_values}
        first_values += [f'{process.number}:{processor.register.format(register)}={value};'
                         for register, value in registers.items()]
        for variable, register in process.variables.items():
            condition = re.sub(rf'\b{process.number}:{variable}\b',
                               f'{process.number}:{processor.register.format(register)}', condition)

    rows = [' | '.join(f'P{process.number}' for process in processes) + ' ;']
    for i in range(max(len(process.lines) for process in processes)):
        rows.append(' | '.join(process.lines[i] if i < len(process.lines) else ''
                               for process in processes) + ' ;')
    return '\n'.join([f'{processor.name} {name}', '{', memory, *first_values, '}', *rows, condition])

namespace Stemsharp.Export.CoreML.Reading;

/// <summary>The two forms of palettized weights: flat attributes before CoreML8, shaped inputs from it on.</summary>
internal static class PaletteRules
{
    public static TensorSpec Infer(ProgramOperation operation, string opset, Action<Literal> check)
    {
        PaletteParts parts = Parts(operation, opset);
        check(parts.Indices);
        check(parts.Table);
        if (!parts.Table.Spec.Kind.IsFloat())
        {
            throw new FormatException($"its table holds {parts.Table.Spec.Kind}");
        }

        return new TensorSpec(parts.Table.Spec.Kind, parts.Shape);
    }

    /// <summary>The operation's literals, whichever form it has.</summary>
    public static PaletteParts Parts(ProgramOperation operation, string opset)
    {
        Literal indices = operation.Argument("indices"), table = operation.Argument("lut");
        return opset is "CoreML6" or "CoreML7" ? Flat(indices, table, operation.Argument("shape")) : Shaped(indices, table);
    }

    /// <summary>
    /// Several palettes of a weight lie along its output channels, as Apple's tools write them: axis 1 of a transposed
    /// convolution, axis 0 of everything else.
    /// </summary>
    /// <param name="operation">What uses the weight.</param>
    /// <param name="parts">The weight.</param>
    /// <param name="group">The output channels that share a palette, as the package says; 0 where it says nothing.</param>
    public static void CheckUse(ProgramOperation operation, PaletteParts parts, int group)
    {
        int outputs = operation.Type == "conv_transpose" ? 1 : 0;
        for (int axis = 0; axis < parts.Groups.Length; axis++)
        {
            if (axis != outputs && parts.Groups[axis] != 1)
            {
                throw new FormatException($"its weight has {parts.Groups[axis]} palettes along axis {axis}; output channels are axis {outputs}");
            }
        }

        if (group > 0 && parts.Groups[outputs] * group != parts.Shape[outputs])
        {
            throw new FormatException($"its weight has {parts.Groups[outputs]} palettes for {parts.Shape[outputs]} output channels, and the package says {group} channels to a palette");
        }
    }

    private static PaletteParts Shaped(Literal indices, Literal table)
    {
        int[] shape = indices.Spec.Shape, tables = table.Spec.Shape;
        int bits = indices.Spec.Kind.Bits();
        if (bits > 8)
        {
            throw new FormatException($"its indices are {indices.Spec.Kind}");
        }

        bool fits = tables.Length == shape.Length + 2 && tables[^2] == 1 << bits && tables[^1] == 1;
        for (int i = 0; fits && i < shape.Length; i++)
        {
            fits = shape[i] % tables[i] == 0;
        }

        if (!fits)
        {
            throw new FormatException($"a table {table.Spec} does not fit the indices {indices.Spec}");
        }

        return new PaletteParts(indices, table, shape, tables[..^2], bits);
    }

    private static PaletteParts Flat(Literal indices, Literal table, Literal shapeLiteral)
    {
        if (shapeLiteral.Spec.Kind != ElementKind.UInt32 || shapeLiteral.Immediate is not byte[] raw || raw.Length != 4 * shapeLiteral.Spec.Elements)
        {
            throw new FormatException("its shape is no list of UInt32");
        }

        int[] shape = new int[raw.Length / 4];
        for (int i = 0; i < shape.Length; i++)
        {
            shape[i] = checked((int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(4 * i)));
        }

        int entries = table.Spec.Elements;
        if (table.Spec.Rank != 1 || entries is not (2 or 4 or 16 or 64 or 256))
        {
            throw new FormatException($"its table is {table.Spec}");
        }

        int bits = int.Log2(entries);
        long bytes = (new TensorSpec(ElementKind.UInt8, shape).Elements * (long)bits + 7) / 8;
        if (indices.Spec.Kind != ElementKind.UInt8 || indices.Spec.Rank != 1 || indices.Spec.Elements != bytes)
        {
            throw new FormatException($"its indices are {indices.Spec}, and {bytes} bytes are needed");
        }

        return new PaletteParts(indices, table, shape, [.. Enumerable.Repeat(1, shape.Length)], bits);
    }
}

/// <summary>Indices and tables of a palettized weight; <c>Groups</c> counts tables along each axis.</summary>
internal sealed record PaletteParts(Literal Indices, Literal Table, int[] Shape, int[] Groups, int Bits);

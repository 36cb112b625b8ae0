using static Stemsharp.Export.CoreML.Reading.OperationView;

namespace Stemsharp.Export.CoreML.Reading;

/// <summary>Shapes and types of recurrent layers.</summary>
internal static class RecurrenceRules
{
    /// <summary>x [T, N, C] to the sequence [T, N, 2·H] and the last states [N, 2·H]; gates in the order input, forget, output, cell.</summary>
    public static TensorSpec[] Lstm(OperationView v)
    {
        TensorSpec x = v.Spec("x"), hidden = v.Spec("weight_hh");
        OperationRules.RequireFloat(v, x);
        Require(v.Text("direction", "forward") == "bidirectional" && v.Bool("output_sequence"), "only layers in both directions that return their sequence are known");
        Require(
            v.Text("recurrent_activation", "sigmoid") == "sigmoid" && v.Text("cell_activation", "tanh") == "tanh" && v.Text("activation", "tanh") == "tanh",
            "other activations than sigmoid and tanh are not known");
        Require(x.Rank == 3 && hidden.Rank == 2, $"x is {x} and weight_hh {hidden}; [T, N, C] and [4·H, H] are needed");
        int units = hidden.Shape[1];
        foreach (string suffix in (string[])["", "_back"])
        {
            Fits($"weight_ih{suffix}", 4 * units, x.Shape[2]);
            Fits($"weight_hh{suffix}", 4 * units, units);
            Fits($"bias{suffix}", 4 * units);
        }

        Fits("initial_h", x.Shape[1], 2 * units);
        Fits("initial_c", x.Shape[1], 2 * units);
        TensorSpec last = new(x.Kind, [x.Shape[1], 2 * units]);
        return [new TensorSpec(x.Kind, [x.Shape[0], x.Shape[1], 2 * units]), last, last];

        void Fits(string key, params int[] shape)
        {
            Require(v.Has(key), $"its parameter {key} is missing, which a layer in both directions needs");
            Require(v.Spec(key).Shape.AsSpan().SequenceEqual(shape), $"{key} is {v.Spec(key)}, and [{string.Join(", ", shape)}] is needed");
        }
    }
}
